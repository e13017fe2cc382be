import { TransferError } from '../../contract/errors'
import type { Committed } from '../../contract/sink'
import type { Context, ObjectInfo } from '../../contract/source'
import { sameEtag } from '../../integrity/etag'
import type { ObjectApi } from './api'
import { compare, type Expected } from './lost-replies'
import { alreadyExists, fromInfo } from './put-object'

interface Destination {
  readonly key: string
  readonly location: string
  readonly object: { readonly createOnly: boolean }
}

/**
 * Compares what the backend says of the finished object with its parts. What the answer to the completion left out
 * (always the size, on Ceph often the ETag) is asked for.
 *
 * @throws INTEGRITY after removing the object, where it is surely the one just made
 */
export async function checkCommitted(
  api: ObjectApi,
  { key, location, object }: Destination,
  committed: Committed,
  expected: Expected,
  context: Context,
): Promise<Committed> {
  const answered = committed.etag !== undefined
  const info = committed.size === undefined ? await look(api, key, committed, context) : undefined
  // Where the answer named another ETag than now stands there, somebody has written since, and the answer counts;
  // but an object that is what the parts make is ours, whatever the answer said.
  const isCurrent =
    info && (!answered || sameEtag(info.etag, committed.etag) || compare(info, expected) === 'same')
  const current = isCurrent ? info : undefined
  const stored: Committed = { ...committed, ...(current && withoutMissing(fromInfo(current))) }
  if (!answered && !current) throw differs(location, { expected: expected.size, stored: 'nothing' })

  const problem = problemOf(stored, expected)
  if (!problem) return { ...stored, size: expected.size, verified: verifiedBy(stored, expected) }
  // Without an ETag in the answer it could be another's object, unless the version is known to be ours.
  const ours = answered || (committed.version !== undefined && current)
  if (ours) await takeBack(api, key, stored, context)
  else if (object.createOnly) throw alreadyExists(location)
  throw differs(location, problem)
}

async function look(
  api: ObjectApi,
  key: string,
  { version }: Committed,
  context: Context,
): Promise<ObjectInfo | undefined> {
  try {
    return await api.head(key, { ...context, version })
  } catch (error) {
    if (TransferError.is(error) && error.code === 'NOT_FOUND') return undefined
    throw error
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

/** The object is visible with wrong bytes. Failing to remove it must not hide that. */
async function takeBack(api: ObjectApi, key: string, stored: Committed, context: Context): Promise<void> {
  try {
    const info = await api.head(key, { ...context, version: stored.version })
    if (sameEtag(info.etag, stored.etag)) await api.remove(key, stored.version, context)
  } catch {}
}

function differs(location: string, facts: { expected: unknown; stored: unknown }): TransferError {
  const message = `What stands at ${location} after the commit is not what its parts make: ${facts.stored} instead of ${facts.expected}.`
  return new TransferError('INTEGRITY', message, { context: { location, ...facts } })
}

const withoutMissing = (committed: Committed): Committed =>
  Object.fromEntries(Object.entries(committed).filter(([, value]) => value !== undefined))
