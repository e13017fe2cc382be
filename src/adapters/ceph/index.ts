import { TransferError } from '../../contract/errors'
import type { Store } from '../../contract/store'
import type { HoldsUnfinished } from '../../resume/unfinished'
import { checkKey } from '../object-store/key'
import { objectStore } from '../object-store/store'
import { cephApi } from './api'
import { checkAttributes } from './attributes'
import { CephClient } from './client'
import { capabilitiesOf, limitsWith } from './limits'
import { type CephOptions, checkOptions } from './options'

export type { CephLimits } from './limits'
export type { CephCredentials, CephOptions } from './options'

/**
 * A bucket behind a Ceph RADOS gateway, or any other S3 endpoint that speaks path style.
 *
 * @throws INVALID_OPTION naming the option; no request is made before the first use
 */
export function ceph(options: CephOptions): Store & HoldsUnfinished {
  checkOptions(options)
  const client = new CephClient(options)
  const gateway = options.client ? undefined : new URL(options.endpoint!).href
  return objectStore(cephApi(client, options.bucket, gateway), {
    capabilities: capabilitiesOf(limitsWith(options.limits)),
    checkKey: checkCephKey,
    checkAttributes,
    close: () => client.close(),
  })
}

function checkCephKey(key: string): void {
  checkKey(key)
  if (!key.includes('\0')) return
  throw new TransferError('INVALID_KEY', 'The object key holds a NUL character, which Ceph refuses.', {
    context: { key },
  })
}
