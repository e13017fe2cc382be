import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
} from '@aws-sdk/client-s3'
import { TransferError } from '../../contract/errors'
import type { ByteRange, Bytes, Context, ObjectInfo, Peek } from '../../contract/source'
import { compositeOf, plainMd5Etag, sameEtag } from '../../integrity/etag'
import type { ObjectApi } from '../object-store/api'
import { firstStretch, peekBody } from '../object-store/peek-body'
import { responseBody } from '../object-store/response-body'
import { versionPin, versionToken } from '../object-store/version'
import { fromOutput } from './attributes'
import type { CephClient } from './client'

type ReadApi = Pick<ObjectApi, 'head' | 'partSize' | 'get' | 'peek'>

export function readApi(client: CephClient, bucket: string, name: string): ReadApi {
  async function ask(key: string, context: Context, PartNumber?: number): Promise<HeadObjectCommandOutput> {
    const { ifMatch, versionId } = versionPin(context.version)
    const command = new HeadObjectCommand({
      Bucket: bucket,
      Key: key,
      IfMatch: ifMatch,
      VersionId: versionId,
      PartNumber,
    })
    const location = `${name}/${key}`
    const output = await client.send(command, { context, location, operation: 'HEAD', access: 'read' })
    if (!output.ETag || output.ContentLength === undefined) throw noObject(location)
    checkPin(output, context.version, location)
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

  /** The response is to be read or destroyed. */
  async function open(key: string, range: string | undefined, context: Context) {
    const { ifMatch, versionId } = versionPin(context.version)
    const location = `${name}/${key}`
    const command = new GetObjectCommand({
      Bucket: bucket,
      Key: key,
      IfMatch: ifMatch,
      VersionId: versionId,
      Range: range,
    })
    const about = { context, location, operation: 'GET', access: 'read', direct: true } as const
    const output = await client.send(command, about)
    const response = readableOf(output.Body)
    try {
      checkPin(output, context.version, location)
    } catch (error) {
      drop(response)
      throw error
    }
    return { output, response, location }
  }

  async function get(key: string, range: ByteRange | undefined, context: Context): Promise<Bytes> {
    const header = range && `bytes=${range.start}-${range.end - 1}`
    const { output, response, location } = await open(key, header, context)
    try {
      const size = range ? checkRange(output, range, location) : checkLength(output, location)
      return responseBody(response, { size, signal: context.signal, location })
    } catch (error) {
      drop(response)
      throw error
    }
  }

  async function peek(key: string, limit: number, context: Context): Promise<Peek> {
    const { output, response, location } = await open(key, `bytes=0-${limit - 1}`, context)
    const stretch = firstStretch(output.ContentRange, output.ContentLength, limit)
    if (!stretch || !output.ETag) {
      drop(response)
      throw stretch ? noObject(location) : otherRange(output, { start: 0, end: limit }, location)
    }
    const info = infoOf(key, { ...output, ContentLength: stretch.total })
    return { info, bytes: peekBody(response, stretch, limit, { signal: context.signal, location }) }
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

function infoOf(key: string, output: HeadObjectCommandOutput): ObjectInfo {
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

function checkLength({ ContentLength }: GetObjectCommandOutput, location: string): number {
  if (ContentLength !== undefined) return ContentLength
  const message = `The answer for ${location} has no Content-Length, so a truncated body could not be told. Check proxies on the way.`
  throw new TransferError('SERVER_ERROR', message, { retry: 'temporary', context: { location } })
}

/** Bytes to come. The range in the answer must be the one asked for, of which only the end can be missing honestly. */
function checkRange(output: GetObjectCommandOutput, range: ByteRange, location: string): number {
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

function otherRange(output: GetObjectCommandOutput, range: ByteRange, location: string): TransferError {
  // Of a cache on the way, perhaps, that another attempt passes by.
  const message = `The answer for ${location} is not the range asked for. Check proxies on the way to the gateway.`
  const context = { location, asked: range, answered: output.ContentRange }
  return new TransferError('INTEGRITY', message, { retry: 'temporary', context })
}

const drop = (response: Readable) => void response.on('error', () => {}).destroy()
