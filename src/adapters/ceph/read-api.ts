import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { GetObjectCommand, type GetObjectCommandInput, HeadObjectCommand } from '@aws-sdk/client-s3'
import { TransferError } from '../../contract/errors'
import type { ByteRange, Bytes, Context, ObjectInfo, Peek } from '../../contract/source'
import { compositeOf, plainMd5Etag, sameEtag } from '../../integrity/etag'
import type { ObjectApi } from '../object-store/api'
import { firstStretch, peekBody } from '../object-store/peek-body'
import { responseBody } from '../object-store/response-body'
import { versionPin, versionToken } from '../object-store/version'
import { fromOutput } from './attributes'
import type { Call, CephClient } from './client'
import type { ObjectInput, ObjectOutput } from './signed/fields'

type ReadApi = Pick<ObjectApi, 'head' | 'partSize' | 'get' | 'peek'>

export function readApi(client: CephClient, bucket: string, name: string): ReadApi {
  /** The message of a GET is to be read to its end or destroyed. */
  async function request(
    method: 'HEAD' | 'GET',
    key: string,
    { signal, ...context }: Context,
    { Range, PartNumber }: Pick<ObjectInput, 'Range' | 'PartNumber'> = {},
  ) {
    const location = `${name}/${key}`
    const call: Call = { context: { ...context, signal }, location, operation: method, access: 'read' }
    const { ifMatch: IfMatch, versionId: VersionId } = versionPin(context.version)
    const input = { IfMatch, VersionId, Range, PartNumber }
    const answer =
      (await client.object({ method, bucket, key, input }, call)) ??
      (await throughSdk(method, { ...input, Bucket: bucket, Key: key }, call))
    try {
      checkPin(answer.output, context.version, location)
      return { ...answer, location }
    } catch (error) {
      drop(answer.message)
      throw error
    }
  }

  async function throughSdk(method: 'HEAD' | 'GET', input: GetObjectCommandInput, call: Call) {
    if (method === 'HEAD') {
      return { output: await client.send(new HeadObjectCommand(input), call), message: Readable.from([]) }
    }
    const output = await client.send(new GetObjectCommand(input), call)
    return { output, message: readableOf(output.Body) }
  }

  async function ask(key: string, context: Context, PartNumber?: number): Promise<ObjectOutput> {
    const { output, location } = await request('HEAD', key, context, { PartNumber })
    if (!output.ETag || output.ContentLength === undefined) throw noObject(location)
    return output
  }

  async function head(key: string, context: Context): Promise<ObjectInfo> {
    return infoOf(key, await ask(key, context))
  }

  /** Ceph answers so since 18 or 19; 16.2 was seen to ignore the part number and to answer for the whole object. */
  async function partSize(key: string, partNumber: number, context: Context): Promise<number | undefined> {
    const { PartsCount, ContentLength } = await ask(key, context, partNumber)
    return PartsCount === undefined ? undefined : ContentLength
  }

  async function get(key: string, range: ByteRange | undefined, context: Context): Promise<Bytes> {
    const Range = range && `bytes=${range.start}-${range.end - 1}`
    const { output, message, location } = await request('GET', key, context, { Range })
    try {
      const size = range ? checkRange(output, range, location) : checkLength(output, location)
      return responseBody(message, { size, signal: context.signal, location })
    } catch (error) {
      drop(message)
      throw error
    }
  }

  async function peek(key: string, limit: number, context: Context): Promise<Peek | undefined> {
    const Range = `bytes=0-${limit - 1}`
    const { output, message, location } = await request('GET', key, context, { Range })
    if (output.ContentRange === undefined) {
      drop(message)
      return undefined
    }
    const stretch = firstStretch(output.ContentRange, output.ContentLength, limit)
    if (!stretch || !output.ETag) {
      drop(message)
      throw stretch ? noObject(location) : otherRange(output, { start: 0, end: limit }, location)
    }
    const info = infoOf(key, { ...output, ContentLength: stretch.total })
    return { info, bytes: peekBody(message, stretch, limit, { signal: context.signal, location }) }
  }

  return { head, partSize, get, peek }
}

/** An ETag that says nothing of the bytes: those of objects encrypted with keys of the caller or of a key service. */
export function isOpaque(output: { ServerSideEncryption?: string; SSECustomerAlgorithm?: string }): boolean {
  return (
    output.SSECustomerAlgorithm !== undefined || (output.ServerSideEncryption ?? '').startsWith('aws:kms')
  )
}

/** The MD5 that an answer vouches for, if any. */
export function md5Of(
  etag: string | undefined,
  output: { ServerSideEncryption?: string; SSECustomerAlgorithm?: string },
): string | undefined {
  return isOpaque(output) ? undefined : plainMd5Etag(etag)
}

/** What stands there must not be judged by it: a lost commit would be taken for one that was never carried out. */
function noObject(location: string): TransferError {
  const message = `${location} was answered for without an ETag or a length. Check proxies on the way to the gateway.`
  return new TransferError('SERVER_ERROR', message, { retry: 'temporary', context: { location } })
}

function infoOf(key: string, output: ObjectOutput): ObjectInfo {
  const etag = output.ETag ?? ''
  const md5 = md5Of(etag, output)
  const compositeMd5 = isOpaque(output) ? undefined : compositeOf(etag)
  return {
    ...fromOutput(output),
    key,
    size: output.ContentLength,
    version: versionToken(etag, output.VersionId),
    etag,
    lastModified: output.LastModified,
    ...(md5 && { digests: { md5 } }),
    ...(compositeMd5 && { compositeMd5 }),
  }
}

const readableOf = (body: unknown): Readable =>
  body instanceof Readable ? body : Readable.fromWeb(body as ReadableStream)

/** A gateway or cache that does not know the condition, or the version, answers with whatever is there. */
function checkPin(
  output: { ETag?: string; VersionId?: string },
  version: string | undefined,
  location: string,
): void {
  const { ifMatch, versionId } = versionPin(version)
  if (ifMatch && !output.ETag) throw noObject(location)
  const given = ifMatch ? output.ETag : output.VersionId
  if (ifMatch ? sameEtag(given, ifMatch) : !versionId || !given || given === versionId) return
  const message = `${location} is no longer the version ${version}: the answer is of ${given}.`
  throw new TransferError('SOURCE_CHANGED', message, { context: { location, answered: given } })
}

function checkLength({ ContentLength }: ObjectOutput, location: string): number {
  if (ContentLength !== undefined) return ContentLength
  const message = `The answer for ${location} has no Content-Length, so a truncated body could not be told. Check proxies on the way.`
  throw new TransferError('SERVER_ERROR', message, { retry: 'temporary', context: { location } })
}

/** Bytes to come. The range in the answer must be the one asked for, of which only the end can be missing honestly. */
function checkRange(output: ObjectOutput, range: ByteRange, location: string): number {
  const size = range.end - range.start
  const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(output.ContentRange ?? '')
  const start = Number(match?.[1])
  const end = Number(match?.[2]) + 1
  const context = { location, asked: range, answered: output.ContentRange }
  if (match && start === range.start && end < range.end) {
    const message = `${location} ends at byte ${match[3]}, before the end of the range ${range.start} to ${range.end}.`
    throw new TransferError('TRUNCATED', message, { context })
  }
  const length = output.ContentLength ?? size
  if (!match || start !== range.start || end !== range.end || length !== size) {
    throw otherRange(output, range, location)
  }
  return size
}

function otherRange(output: ObjectOutput, range: ByteRange, location: string): TransferError {
  // Of a cache on the way, perhaps, that another attempt passes by.
  const message = `The answer for ${location} is not the range asked for. Check proxies on the way to the gateway.`
  const context = { location, asked: range, answered: output.ContentRange }
  return new TransferError('INTEGRITY', message, { retry: 'temporary', context })
}

const drop = (response: Readable) => void response.on('error', () => {}).destroy()
