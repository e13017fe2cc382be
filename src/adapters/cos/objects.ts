import type { IncomingHttpHeaders } from 'node:http'
import { TransferError } from '../../contract/errors'
import type { Committed, NewObject } from '../../contract/sink'
import type { ByteRange, Bytes, Context, ObjectInfo, Peek } from '../../contract/source'
import { sameEtag } from '../../integrity/etag'
import { firstStretch, peekBody } from '../object-store/peek-body'
import { responseBody } from '../object-store/response-body'
import { versionPin, versionToken } from '../object-store/version'
import { attributeHeaders, readAttributes } from './attributes'
import type { Caller } from './caller'
import { type Asked, badReply } from './errors'
import { unquoted } from './listing'
import type { Answer } from './port'

const crc64Header = 'x-cos-hash-crc64ecma'

export async function headObject(
  caller: Caller,
  Key: string,
  location: string,
  context: Context,
): Promise<ObjectInfo> {
  const asked: Asked = { operation: 'HEAD', location, reads: true }
  const { params, headers } = pinned(Key, context)
  const answered = await caller.headers({ name: 'headObject', params, headers }, asked, context)
  return infoOf(Key, answered, lengthOf(answered, asked), asked)
}

function infoOf(key: string, answered: IncomingHttpHeaders, size: number, asked: Asked): ObjectInfo {
  const etag = etagOf(answered, asked)
  const modified = answered['last-modified']
  return {
    key,
    size,
    version: versionToken(etag, text(answered, 'x-cos-version-id')),
    etag,
    ...(modified && { lastModified: new Date(modified) }),
    ...readAttributes(answered),
    ...digestsOf(answered),
  }
}

export async function getObject(
  caller: Caller,
  Key: string,
  range: ByteRange | undefined,
  location: string,
  context: Context,
): Promise<Bytes> {
  return answerOf(caller, Key, range, location, context, (answer, asked) => {
    const size = announced(answer, range, asked)
    return responseBody(answer.message, { size, signal: context.signal, location })
  })
}

export async function peekObject(
  caller: Caller,
  Key: string,
  limit: number,
  location: string,
  context: Context,
): Promise<Peek | undefined> {
  return answerOf(caller, Key, { start: 0, end: limit }, location, context, (answer, asked) => {
    const { headers, message } = answer
    const range = headers['content-range']
    if (range === undefined) {
      message.destroy()
      return undefined
    }
    const stretch = firstStretch(range, lengthOf(headers, asked), limit)
    if (!stretch) throw badReply(`with the range '${range}' in place of the first ${limit} bytes`, asked)
    const info = infoOf(Key, headers, stretch.total, asked)
    return { info, bytes: peekBody(message, stretch, limit, { signal: context.signal, location }) }
  })
}

/** Asks for a range, and frees the answer where it cannot be made use of. */
async function answerOf<T>(
  caller: Caller,
  Key: string,
  range: ByteRange | undefined,
  location: string,
  context: Context,
  use: (answer: Answer, asked: Asked) => T,
): Promise<T> {
  const asked: Asked = { operation: 'GET', location, reads: true }
  const { params, headers } = pinned(Key, context)
  if (range) headers.Range = `bytes=${range.start}-${range.end - 1}`
  const answer = await caller.send({ name: 'getObject', params, headers }, asked, context)
  try {
    checkPin(answer, context, asked)
    return use(answer, asked)
  } catch (error) {
    answer.message.destroy()
    throw error
  }
}

/** A gateway or cache that does not know the condition, or the version, answers with whatever is there. */
function checkPin({ headers }: Answer, { version }: Context, asked: Asked): void {
  const { ifMatch, versionId } = versionPin(version)
  // An answer without an ETag is a proxy's, not another version: another attempt may reach the object.
  const given = ifMatch ? etagOf(headers, asked) : text(headers, 'x-cos-version-id')
  if (ifMatch ? sameEtag(given, ifMatch) : !versionId || !given || given === versionId) return
  const message = `${asked.location} is no longer the version ${version}: the answer is of ${given}.`
  throw new TransferError('SOURCE_CHANGED', message, {
    context: { location: asked.location, answered: given },
  })
}

/** The bytes that will come. An answer that is about another stretch than the one asked for must not be delivered. */
function announced({ status, headers }: Answer, range: ByteRange | undefined, asked: Asked): number {
  const size = lengthOf(headers, asked)
  if (!range) {
    if (status !== 200) throw badReply(`with status ${status} in place of 200`, asked)
    return size
  }
  const expected = `bytes ${range.start}-${range.end - 1}/`
  const given = headers['content-range'] ?? ''
  if (status === 206 && given.startsWith(expected) && size === range.end - range.start) return size
  throw badReply(
    `with status ${status}, ${size} bytes and the range '${given}' in place of '${expected}…'`,
    asked,
  )
}

function lengthOf(headers: IncomingHttpHeaders, asked: Asked): number {
  const length = headers['content-length']
  const size = Number(length)
  if (length === undefined || !Number.isSafeInteger(size)) throw badReply('without a Content-Length', asked)
  return size
}

export async function putObject(
  caller: Caller,
  Key: string,
  object: NewObject,
  bytes: Uint8Array,
  md5: string,
  location: string,
  context: Context,
): Promise<Committed> {
  const asked: Asked = { operation: 'PUT', location, createOnly: object.createOnly }
  const size = bytes.byteLength
  const headers = {
    ...attributeHeaders(object.attributes),
    ...createOnlyHeader(object),
    'Content-MD5': Buffer.from(md5, 'hex').toString('base64'),
  }
  const params = { Key, ContentLength: size, SkipTask: true } as const
  const answered = await caller.headers({ name: 'putObject', params, headers, bytes }, asked, context)
  return { size, etag: etagOf(answered, asked), ...versionOf(answered), ...crc64Of(answered) }
}

/** Removing what is not there is a success. */
export async function removeObject(
  caller: Caller,
  Key: string,
  version: string | undefined,
  location: string,
  context: Context,
): Promise<void> {
  // An ETag pins nothing here: COS removes whatever stands under the key.
  const { versionId } = versionPin(version)
  const params = { Key, ...(versionId && { VersionId: versionId }) }
  await caller.headers({ name: 'deleteObject', params }, { operation: 'DELETE', location }, context)
}

function pinned(Key: string, { version }: Context) {
  const { versionId, ifMatch } = versionPin(version)
  const headers: Record<string, string> = ifMatch ? { 'If-Match': ifMatch } : {}
  return { params: { Key, ...(versionId && { VersionId: versionId }) }, headers }
}

/** Has no effect in a bucket with versions, where nothing is lost by overwriting; the session looks beforehand. */
export const createOnlyHeader = ({ createOnly }: NewObject): Record<string, string> =>
  createOnly ? { 'x-cos-forbid-overwrite': 'true' } : {}

/** Without quotes. @throws SERVER_ERROR where there is none: the answer of a proxy, or no success after all */
export function etagOf(headers: IncomingHttpHeaders, asked: Asked): string {
  const etag = unquoted(headers.etag)
  if (etag === '') throw badReply('without an ETag, so it proves nothing', asked)
  return etag
}

export function crc64Of(headers: IncomingHttpHeaders): { crc64?: string } {
  const crc64 = text(headers, crc64Header)
  return crc64 ? { crc64 } : {}
}

export function versionOf(headers: IncomingHttpHeaders): { version?: string } {
  const version = text(headers, 'x-cos-version-id')
  return version && version !== 'null' ? { version } : {}
}

function digestsOf(headers: IncomingHttpHeaders): Pick<ObjectInfo, 'digests'> {
  const digests = crc64Of(headers)
  return digests.crc64 ? { digests } : {}
}

function text(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : undefined
}
