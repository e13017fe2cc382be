import { TransferError } from '../../contract/errors'
import type { Body, Committed, NewObject } from '../../contract/sink'
import type { Context } from '../../contract/source'
import type { UploadedPart } from '../object-store/api'
import { textOf } from '../object-store/xml'
import { attributeHeaders } from './attributes'
import type { Caller } from './caller'
import { type Asked, badReply } from './errors'
import { unquoted } from './listing'
import { crc64Of, createOnlyHeader, etagOf, versionOf } from './objects'

export async function createUpload(
  caller: Caller,
  Key: string,
  object: NewObject,
  location: string,
  context: Context,
): Promise<string> {
  const asked: Asked = { operation: 'new upload', location }
  const headers = attributeHeaders(object.attributes)
  const call = { name: 'multipartInit', params: { Key }, headers } as const
  const { root } = await caller.xml(call, asked, 'InitiateMultipartUploadResult', context)
  const uploadId = textOf(root, 'UploadId')
  if (!uploadId) throw badReply('without an UploadId', asked)
  return uploadId
}

export interface PartToUpload {
  readonly Key: string
  readonly UploadId: string
  readonly PartNumber: number
}

export async function uploadPart(
  caller: Caller,
  part: PartToUpload,
  body: Body,
  location: string,
  context: Context,
): Promise<UploadedPart> {
  const { UploadId: uploadId, PartNumber: partNumber } = part
  const asked: Asked = { operation: 'part upload', location, uploadId, partNumber }
  const params = { ...part, ContentLength: body.size }
  const headers = await caller.headers({ name: 'multipartUpload', params, body }, asked, context)
  return { etag: etagOf(headers, asked), ...crc64Of(headers) }
}

export async function completeUpload(
  caller: Caller,
  upload: { readonly Key: string; readonly UploadId: string },
  parts: readonly { partNumber: number; etag: string }[],
  object: NewObject,
  location: string,
  context: Context,
): Promise<Committed> {
  const { createOnly } = object
  const asked: Asked = { operation: 'completion', location, uploadId: upload.UploadId, createOnly }
  const Parts = parts.map(({ partNumber: PartNumber, etag: ETag }) => ({ PartNumber, ETag }))
  const call = {
    name: 'multipartComplete',
    params: { ...upload, Parts },
    headers: createOnlyHeader(object),
  } as const
  const { headers, root } = await caller.xml(call, asked, 'CompleteMultipartUploadResult', context)
  const etag = unquoted(textOf(root, 'ETag')) || unquoted(headers.etag)
  if (!etag) throw badReply('without an ETag, so it proves nothing', asked)
  const crc64 = crc64Of(headers).crc64 ?? textOf(root, 'CRC64')
  // The headers of a long completion are sent before the CRC64 is known; whoever misses it looks at the object.
  return { etag, ...(crc64 && { crc64 }), ...versionOf(headers) }
}

/** An upload that is gone already is as good as one that goes now. */
export async function abortUpload(
  caller: Caller,
  Key: string,
  UploadId: string,
  location: string,
  context: Context,
): Promise<void> {
  const asked: Asked = { operation: 'abort of an upload', location, uploadId: UploadId }
  try {
    await caller.headers({ name: 'multipartAbort', params: { Key, UploadId } }, asked, context)
  } catch (error) {
    if (!TransferError.is(error) || error.code !== 'SESSION_LOST') throw error
  }
}
