import { TransferError } from '../../contract/errors'
import type { Json } from '../../contract/sink'
import type { ObjectApi } from './api'

/** What another process needs to go on with an upload. */
export interface SessionState {
  readonly [name: string]: Json
  readonly uploadId: string
  readonly key: string
  readonly bucket: string
}

export function stateOf(api: ObjectApi, key: string, uploadId: string): SessionState {
  return { uploadId, key, bucket: api.bucket ?? api.name }
}

/** The upload id. @throws SESSION_LOST for a state that is not of this destination: there is nothing to take up. */
export function parseState(state: Json, api: ObjectApi, key: string, location: string): string {
  const fields = (typeof state === 'object' && state !== null ? state : {}) as Partial<Record<string, Json>>
  const expected = stateOf(api, key, '')
  const matches = fields.key === expected.key && fields.bucket === expected.bucket
  if (matches && typeof fields.uploadId === 'string' && fields.uploadId !== '') return fields.uploadId
  const message = `The saved session is not one of ${location}. Begin a new one.`
  throw new TransferError('SESSION_LOST', message, { context: { location } })
}

/** Any upload of the bucket. @throws SESSION_LOST for a state that names none */
export function parseUpload(state: Json, api: ObjectApi, location: string): SessionState {
  const { key } = (typeof state === 'object' && state !== null ? state : {}) as Partial<SessionState>
  const uploadId = parseState(state, api, typeof key === 'string' ? key : '', location)
  return stateOf(api, String(key), uploadId)
}

/** Whether a saved state is that of this upload. */
export function isStateOf(state: Json, api: ObjectApi, key: string, uploadId: string): boolean {
  const fields = (typeof state === 'object' && state !== null ? state : {}) as Partial<Record<string, Json>>
  return Object.entries(stateOf(api, key, uploadId)).every(([name, value]) => fields[name] === value)
}
