import { TransferError } from '../../contract/errors'
import type { Committed } from '../../contract/sink'
import type { Context, ObjectInfo } from '../../contract/source'
import { unless } from '../../contract/unless'
import { sameEtag } from '../../integrity/etag'
import type { ObjectApi } from './api'
import type { DamagedObjects } from './damaged-objects'
import { lookAtUpload } from './look-at-upload'
import { compare, type Expected } from './lost-replies'
import { alreadyExists, fromInfo } from './put-object'

interface Destination {
  readonly key: string
  readonly uploadId: string
  readonly location: string
  readonly object: { readonly createOnly: boolean }
  readonly damaged: DamagedObjects
}

/**
 * Compares what the backend says of the finished object with its parts. What the answer to the completion left out
 * (always the size, on Ceph often the ETag) is asked for.
 *
 * @throws INTEGRITY after removing the object, where it is surely the one just made; OUTCOME_UNKNOWN where it could
 * not be removed, or not be looked at
 */
export async function checkCommitted(
  api: ObjectApi,
  destination: Destination,
  committed: Committed,
  expected: Expected,
  context: Context,
): Promise<Committed> {
  const { key, location, object, damaged } = destination
  const answered = committed.etag !== undefined
  const info = committed.size === undefined ? await look(api, key, location, committed, context) : undefined
  // Where the answer named another ETag than now stands there, somebody has written since, and the answer counts;
  // but an object that is what the parts make is ours, whatever the answer said.
  const isCurrent =
    info && (!answered || sameEtag(info.etag, committed.etag) || compare(info, expected) === 'same')
  const current = isCurrent ? info : undefined
  const isProven = answered || committed.version !== undefined
  if (!isProven && (!current || compare(current, expected) !== 'same')) {
    await requireDone(api, destination, context)
  }
  const stored: Committed = { ...committed, ...(current && withoutMissing(fromInfo(current))) }
  if (!answered && !current) throw differs(location, { expected: expected.size, stored: 'nothing' })

  const problem = problemOf(stored, expected)
  if (!problem) return { ...stored, size: expected.size, verified: verifiedBy(stored, expected) }
  // Without an ETag in the answer it could be another's object, unless the version is known to be ours.
  const ours = answered || (committed.version !== undefined && current)
  if (!ours && object.createOnly) throw alreadyExists(location)
  const integrity = differs(location, problem)
  throw !ours || (await takeBack(api, key, stored, context)) ? integrity : damaged.add(stored, integrity)
}

/**
 * Ceph 16.2 leaves the ETag out of a real answer, and so does a page that something on the way sent with status 200.
 *
 * @throws SERVER_ERROR where the upload still stands, so that nothing was completed
 */
async function requireDone(
  api: ObjectApi,
  { key, uploadId, location }: Destination,
  context: Context,
): Promise<void> {
  const upload = await lookAtUpload(api, key, uploadId, context)
  if (upload === 'gone') return
  if (upload !== 'standing') throw upload
  const message = `The completion of ${location} was answered with success, and not carried out. Check proxies on the way.`
  throw new TransferError('SERVER_ERROR', message, {
    retry: 'temporary',
    context: { location, uploadId, settled: true },
  })
}

async function look(
  api: ObjectApi,
  key: string,
  location: string,
  { version }: Committed,
  context: Context,
): Promise<ObjectInfo | undefined> {
  try {
    return await unless('NOT_FOUND', api.head(key, { ...context, version }))
  } catch (error) {
    if (!TransferError.is(error)) throw error
    // The object is made: a look that is refused must not pass for a commit that was.
    const message = `The completion of ${location} was answered with success, but the object could not be looked at: see the cause.`
    const { retry, context: facts } = error
    throw new TransferError('OUTCOME_UNKNOWN', message, { retry, context: facts, cause: error })
  }
}

function problemOf(
  stored: Committed,
  expected: Expected,
): { expected: unknown; stored: unknown } | undefined {
  if (stored.size !== undefined && stored.size !== expected.size) {
    return { expected: expected.size, stored: stored.size }
  }
  if (expected.etag !== undefined && stored.etag !== undefined && !sameEtag(stored.etag, expected.etag)) {
    return { expected: expected.etag, stored: stored.etag }
  }
  return undefined
}

function verifiedBy(stored: Committed, expected: Expected): string[] {
  const etag = expected.etag !== undefined && stored.etag !== undefined ? ['object-etag'] : []
  return [...(stored.verified ?? []), ...etag]
}

/** The object is visible with wrong bytes. @returns false where it may still be */
async function takeBack(api: ObjectApi, key: string, stored: Committed, context: Context): Promise<boolean> {
  try {
    const info = await api.head(key, { ...context, version: stored.version })
    if (sameEtag(info.etag, stored.etag)) await api.remove(key, stored.version, context)
    return true
  } catch (error) {
    return TransferError.is(error) && error.code === 'NOT_FOUND'
  }
}

function differs(location: string, facts: { expected: unknown; stored: unknown }): TransferError {
  const message = `What stands at ${location} after the commit is not what its parts make: ${facts.stored} instead of ${facts.expected}.`
  return new TransferError('INTEGRITY', message, { context: { location, ...facts } })
}

const withoutMissing = (committed: Committed): Committed =>
  Object.fromEntries(Object.entries(committed).filter(([, value]) => value !== undefined))
