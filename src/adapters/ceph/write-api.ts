import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { TransferError } from '../../contract/errors'
import type { Body, Committed, NewObject } from '../../contract/sink'
import type { Context } from '../../contract/source'
import type { CopySource, ObjectApi, UploadedPart } from '../object-store/api'
import { openBody } from '../object-store/open-body'
import type { RequestBody } from '../object-store/request-body'
import { versionPin } from '../object-store/version'
import { toInput } from './attributes'
import type { Call, CephClient } from './client'
import { md5Of } from './read-api'

type WriteApi = Pick<
  ObjectApi,
  'put' | 'createUpload' | 'uploadPart' | 'copyPart' | 'completeUpload' | 'abortUpload' | 'remove'
>

export function writeApi(client: CephClient, bucket: string, name: string): WriteApi {
  const object = (key: string) => ({ Bucket: bucket, Key: key })
  const call = (key: string, operation: string, context: Context): Call => ({
    context,
    location: `${name}/${key}`,
    operation,
    access: 'write',
  })
  const within = (key: string, uploadId: string, operation: string, context: Context): Call => ({
    ...call(key, operation, context),
    access: 'upload',
    uploadId,
  })

  return {
    async put(key, { attributes, createOnly }, bytes, md5, context): Promise<Committed> {
      const about = call(key, 'PUT', context)
      const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      const input = {
        ...toInput(attributes),
        ContentMD5: Buffer.from(md5, 'hex').toString('base64'),
        IfNoneMatch: createOnly ? '*' : undefined,
      }
      const signed = await client.object({ method: 'PUT', bucket, key, input, body }, about)
      const throughSdk = () =>
        new PutObjectCommand({ ...object(key), ...input, Body: body, ContentLength: body.byteLength })
      const output = signed?.output ?? (await client.send(throughSdk(), about))
      const etag = required(output.ETag, 'ETag', about)
      return { etag, version: versionId(output.VersionId), md5: md5Of(etag, output) }
    },

    async createUpload(key, { attributes }, context): Promise<string> {
      const about = call(key, 'CreateMultipartUpload', context)
      const command = new CreateMultipartUploadCommand({ ...object(key), ...toInput(attributes) })
      return required((await client.send(command, about)).UploadId, 'UploadId', about)
    },

    async uploadPart(key, uploadId, partNumber, body, context): Promise<UploadedPart> {
      const about = within(key, uploadId, 'UploadPart', context)
      const { size } = body
      const output = await sendBody(body, about, async (stream) => {
        const input = { UploadId: uploadId, PartNumber: partNumber }
        const request = { method: 'PUT', bucket, key, input, stream: { body: stream, size } } as const
        const signed = await client.object(request, about)
        if (signed) return signed.output
        return client.send(
          new UploadPartCommand({ ...object(key), ...input, Body: stream, ContentLength: size }),
          about,
        )
      })
      const etag = required(output.ETag, 'ETag', about)
      return { etag, md5: md5Of(etag, output) }
    },

    async copyPart(key, uploadId, partNumber, source, context): Promise<UploadedPart> {
      const about = within(key, uploadId, 'UploadPartCopy', context)
      const command = new UploadPartCopyCommand({
        ...object(key),
        UploadId: uploadId,
        PartNumber: partNumber,
        ...copyInput(source),
      })
      // What is refused here is refused on account of the source.
      const output = await client.send(command, { ...about, access: 'read' })
      const etag = required(output.CopyPartResult?.ETag, 'ETag', about)
      return { etag: quoted(etag), md5: md5Of(etag, output) }
    },

    async completeUpload(key, uploadId, parts, { createOnly }: NewObject, context): Promise<Committed> {
      // ETags alone: with a checksum for each of 10,000 parts the list outgrows `rgw_max_put_param_size`.
      const Parts = parts.map(({ partNumber, etag }) => ({ PartNumber: partNumber, ETag: etag }))
      const command = new CompleteMultipartUploadCommand({
        ...object(key),
        UploadId: uploadId,
        MultipartUpload: { Parts },
        IfNoneMatch: createOnly ? '*' : undefined,
      })
      const output = await client.send(command, within(key, uploadId, 'CompleteMultipartUpload', context))
      return { etag: output.ETag ? quoted(output.ETag) : undefined, version: versionId(output.VersionId) }
    },

    async abortUpload(key, uploadId, context): Promise<void> {
      const command = new AbortMultipartUploadCommand({ ...object(key), UploadId: uploadId })
      try {
        await client.send(command, within(key, uploadId, 'AbortMultipartUpload', context))
      } catch (error) {
        if (!TransferError.is(error) || error.code !== 'SESSION_LOST') throw error
      }
    },

    async remove(key, version, context): Promise<void> {
      const command = new DeleteObjectCommand({ ...object(key), VersionId: version })
      await client.send(command, call(key, 'DELETE', context))
    },
  }
}

/** Streams the body into one request, and frees it whatever becomes of that. */
async function sendBody<T>(
  body: Body,
  { context, location }: Call,
  send: (stream: RequestBody) => Promise<T>,
): Promise<T> {
  const stream = await openBody(body, context.signal, location)
  try {
    const output = await send(stream)
    // The answer may overtake the end of the source, which has its last word (that it did not change) after its last
    // byte. An answer before that byte is no success: the request is over then, and the body rejects.
    await stream.finished.catch((cause) => {
      const message = `The gateway answered before it had the whole part of ${location}.`
      throw new TransferError('CONNECTION', message, { retry: 'temporary', context: { location }, cause })
    })
    return output
  } catch (error) {
    throw context.signal?.aborted ? error : (stream.sourceError ?? error)
  } finally {
    stream.destroy()
  }
}

/**
 * Ceph decodes the name of the source twice (seen on 16.2): `a%20b` would copy `a b`. Such a key is not copied.
 */
function copyInput({ bucket, key, version, range }: CopySource) {
  if (key.includes('%')) {
    throw new TransferError('UNSUPPORTED', 'The gateway cannot copy from a key with a percent sign.')
  }
  const { ifMatch, versionId } = versionPin(version)
  const path = `${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`
  return {
    CopySource: versionId ? `${path}?versionId=${encodeURIComponent(versionId)}` : path,
    CopySourceIfMatch: ifMatch,
    CopySourceRange: `bytes=${range.start}-${range.end - 1}`,
  }
}

const quoted = (etag: string) => `"${etag.replaceAll('"', '')}"`

/** The id of a version that stays; `null` is that of whatever was written last. */
const versionId = (id: string | undefined) => (id === 'null' ? undefined : id)

function required(value: string | undefined, what: string, { location, operation }: Call): string {
  if (value) return value
  const message = `The answer to the ${operation} of ${location} has no ${what}, so it is no success.`
  throw new TransferError('SERVER_ERROR', message, { retry: 'temporary', context: { location, operation } })
}
