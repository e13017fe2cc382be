// @ts-check
import { cos } from 'sluiceway/cos'
import { disk } from 'sluiceway/disk'

/** @param {import('./workers').WorkerSettings} settings */
export const stores = ({ root, cos: options }) => ({ root: disk({ root }), cos: cos(options) })
