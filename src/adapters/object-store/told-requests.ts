import { type RequestOperation, requestChannel, requestOperations } from '../../contract/diagnostics'
import type { ObjectApi } from './api'

type Call = (...values: unknown[]) => Promise<unknown>

/** The same port, which tells of each request that has ended, where somebody listens. */
export function toldRequests(api: ObjectApi): ObjectApi {
  const calls = api as unknown as Record<RequestOperation, Call>
  const told = Object.create(api) as typeof calls
  for (const operation of requestOperations) {
    if (!calls[operation]) continue
    told[operation] = (...values) =>
      requestChannel.hasSubscribers
        ? tell(api.name, operation, () => calls[operation](...values))
        : calls[operation](...values)
  }
  return told as unknown as ObjectApi
}

async function tell(store: string, operation: RequestOperation, call: () => Promise<unknown>) {
  const began = performance.now()
  const ended = (failure?: { readonly error: unknown }) =>
    requestChannel.publish({ store, operation, elapsedMs: performance.now() - began, ...failure })
  try {
    const result = await call()
    ended()
    return result
  } catch (error) {
    ended({ error })
    throw error
  }
}
