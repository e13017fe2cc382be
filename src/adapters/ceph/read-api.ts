import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
} from '@aws-sdk/client-s3'
import { TransferError } from '../../contract/errors'
import type { ByteRange, Bytes, Context, ObjectInfo } from '../../contract/source'
import { plainMd5Etag, sameEtag } from '../../integrity/etag'
import type { ObjectApi } from '../object-store/api'
import { responseBody } from '../object-store/response-body'
import { versionPin, versionToken } from '../object-store/version'
import { fromOutput } from './attributes'
import type { CephClient } from './client'

export function readApi(client: CephClient, bucket: string, name: string): Pick<ObjectApi, 'head' | 'get'> {
  async function head(key: string, context: Context): Promise<ObjectInfo> {
    const { ifMatch, versionId } = versionPin(context.version)
    const command = new HeadObjectCommand({
      Bucket: bucket,
      Key: key,
      IfMatch: ifMatch,
      VersionId: versionId,
    })
    const location = `${name}/${key}`
    const output = await client.send(command, { context, location, operation: 'HEAD', access: 'read' })
    checkPin(output, ifMatch, location)
    return infoOf(key, output)
  }

  async function get(key: string, range: ByteRange | undefined, context: Context): Promise<Bytes> {
    const { ifMatch, versionId } = versionPin(context.version)
    const location = `${name}/${key}`
    const command = new GetObjectCommand({
      Bucket: bucket,
      Key: key,
      IfMatch: ifMatch,
      VersionId: versionId,
      Range: range && `bytes=${range.start}-${range.end - 1}`,
    })
    const output = await client.send(command, {
      context,
      location,
      operation: 'GET',
      access: 'read',
      direct: true,
    })
    const response = readableOf(output.Body)
    try {
      checkPin(output, ifMatch, location)
      const size = range ? checkRange(output, range, location) : checkLength(output, location)
      return responseBody(response, { size, signal: context.signal, location })
    } catch (error) {
      response.on('error', () => {}).destroy()
      throw error
    }
  }

  return { head, get }
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

function infoOf(key: string, output: HeadObjectCommandOutput): ObjectInfo {
  const etag = output.ETag ?? ''
  const md5 = md5Of(etag, output)
  return {
    ...fromOutput(output),
    key,
    size: output.ContentLength,
    version: versionToken(etag, output.VersionId),
    etag,
    lastModified: output.LastModified,
    ...(md5 && { digests: { md5 } }),
  }
}

const readableOf = (body: unknown): Readable =>
  body instanceof Readable ? body : Readable.fromWeb(body as ReadableStream)

/** A gateway or cache that does not know `If-Match` answers with whatever is there. */
function checkPin(output: { ETag?: string }, ifMatch: string | undefined, location: string): void {
  if (!ifMatch || sameEtag(output.ETag, ifMatch)) return
  const message = `${location} is no longer the version ${ifMatch}: it has the ETag ${output.ETag}.`
  throw new TransferError('SOURCE_CHANGED', message, { context: { location, etag: output.ETag } })
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
    const message = `The answer for ${location} is not the range asked for. Check proxies on the way to the gateway.`
    throw new TransferError('INTEGRITY', message, { context })
  }
  return size
}
