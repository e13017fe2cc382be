import type { Behaviour, Make } from './behaviour'
import { corruptAtRest, corruptRequest, corruptResponse, extraBytes, shortLength } from './bytes'
import {
  close,
  closeRequest,
  drip,
  dripRequest,
  lostReply,
  outage,
  reset,
  resetRequest,
  resetResponse,
  stall,
  stallRequest,
  stallResponse,
  truncate,
} from './connection'
import type { Fault, FaultName } from './fault'
import { empty200, errorIn200, status, wrongContentRange, wrongCrc64, wrongEtag } from './replies'

export type FaultOf<N extends FaultName> = Extract<Fault, { type: N }>

const table: { readonly [N in FaultName]: Make<FaultOf<N>> } = {
  status,
  reset,
  close,
  outage,
  'close-request': closeRequest,
  'reset-request': resetRequest,
  'reset-response': resetResponse,
  stall,
  'stall-request': stallRequest,
  'stall-response': stallResponse,
  'drip-request': dripRequest,
  drip,
  truncate,
  'short-length': shortLength,
  'extra-bytes': extraBytes,
  'corrupt-response': corruptResponse,
  'corrupt-request': corruptRequest,
  'corrupt-at-rest': corruptAtRest,
  'wrong-etag': wrongEtag,
  'wrong-crc64': wrongCrc64,
  'error-in-200': errorIn200,
  'empty-200': empty200,
  'lost-reply': lostReply,
  'wrong-content-range': wrongContentRange,
}

export const behaviourOf = <N extends FaultName>(
  fault: FaultOf<N>,
  errorXml: (code: string, message: string) => string,
): Behaviour => table[fault.type as N](fault, errorXml)

export const isFaultName = (name: string): name is FaultName => Object.hasOwn(table, name)
