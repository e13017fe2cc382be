import type { Topic } from '../test'
import { abortedCalls } from './aborted-calls'
import { abortedSessions } from './aborted-sessions'
import { attributes } from './attributes'
import { closing } from './closing'
import { commits } from './commits'
import { copying } from './copying'
import { createOnly } from './create-only'
import { errors } from './errors'
import { failedParts } from './failed-parts'
import { keys } from './keys'
import { listing } from './listing'
import { members } from './members'
import { parts } from './parts'
import { peeking } from './peeking'
import { puts } from './puts'
import { ranges } from './ranges'
import { reconciling } from './reconciling'
import { resuming } from './resuming'
import { revoking } from './revoking'
import { sources } from './sources'
import { versions } from './versions'
import { visibility } from './visibility'

export const topics: readonly Topic[] = [
  members,
  sources,
  peeking,
  ranges,
  versions,
  parts,
  failedParts,
  visibility,
  commits,
  abortedSessions,
  abortedCalls,
  createOnly,
  puts,
  copying,
  revoking,
  resuming,
  reconciling,
  attributes,
  keys,
  listing,
  closing,
  errors,
]
