import {
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  type ListObjectsCommandOutput,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  ListPartsCommand,
  type _Object as S3Object,
} from '@aws-sdk/client-s3'
import { TransferError } from '../../contract/errors'
import type { Context, ObjectInfo } from '../../contract/source'
import { plainMd5Etag } from '../../integrity/etag'
import type { NamedUpload, ObjectApi, StoredPart, Upload } from '../object-store/api'
import { versionToken } from '../object-store/version'
import type { Call, CephClient } from './client'

type ListApi = Pick<ObjectApi, 'list' | 'listParts' | 'listUploads' | 'listAllUploads'>
type Page = ListObjectsV2CommandOutput | ListObjectsCommandOutput

export function listApi(client: CephClient, bucket: string, name: string): ListApi {
  /** Once the gateway has refused version 2, it is not asked again. */
  let version: 1 | 2 = 2

  async function page(prefix: string, after: string | undefined, context: Context): Promise<Page> {
    // Keys may hold characters that XML cannot.
    const input = { Bucket: bucket, Prefix: prefix, EncodingType: 'url' as const }
    const call: Call = { context, location: `${name}/${prefix}`, operation: 'ListObjects', access: 'read' }
    if (version === 1) return client.send(new ListObjectsCommand({ ...input, Marker: after }), call)
    try {
      return await client.send(new ListObjectsV2Command({ ...input, StartAfter: after }), call)
    } catch (error) {
      if (!isRefusal(error)) throw error
      version = 1
      return page(prefix, after, context)
    }
  }

  async function* list(prefix: string, context: Context): AsyncGenerator<ObjectInfo> {
    let after: string | undefined
    for (;;) {
      const { Contents = [], IsTruncated, EncodingType } = await page(prefix, after, context)
      const infos = Contents.map((entry) => infoOf(entry, EncodingType === 'url'))
      yield* infos
      // The last key is the marker in both versions, whatever the gateway calls it.
      after = infos.at(-1)?.key
      if (!IsTruncated || after === undefined) return
    }
  }

  async function listParts(key: string, uploadId: string, context: Context): Promise<StoredPart[]> {
    const call: Call = {
      context,
      location: `${name}/${key}`,
      operation: 'ListParts',
      access: 'upload',
      uploadId,
    }
    const parts: StoredPart[] = []
    let marker: string | undefined
    for (;;) {
      const input = { Bucket: bucket, Key: key, UploadId: uploadId, PartNumberMarker: marker }
      const output = await client.send(new ListPartsCommand(input), call)
      for (const { PartNumber, Size, ETag } of output.Parts ?? []) {
        parts.push({ partNumber: PartNumber!, size: Size!, etag: ETag, md5: plainMd5Etag(ETag) })
      }
      const last = parts.at(-1)
      if (!output.IsTruncated || !last) return parts
      marker = String(last.partNumber)
    }
  }

  async function* uploadPages(prefix: string, context: Context): AsyncGenerator<NamedUpload[]> {
    const location = `${name}/${prefix}`
    const call: Call = { context, location, operation: 'ListMultipartUploads', access: 'write' }
    let markers: { KeyMarker?: string; UploadIdMarker?: string } = {}
    for (;;) {
      const input = { Bucket: bucket, Prefix: prefix, EncodingType: 'url' as const, ...markers }
      const output = await client.send(new ListMultipartUploadsCommand(input), call)
      const isEncoded = output.EncodingType === 'url'
      const found = (output.Uploads ?? []).map((upload) => ({ ...upload, Key: keyOf(upload.Key, isEncoded) }))
      yield found.flatMap(({ Key, UploadId, Initiated = new Date(0) }) =>
        UploadId ? [{ key: Key, uploadId: UploadId, initiated: Initiated }] : [],
      )
      const last = found.at(-1)
      if (!output.IsTruncated || !last) return
      markers = { KeyMarker: last.Key, UploadIdMarker: last.UploadId }
    }
  }

  async function listUploads(key: string, context: Context): Promise<Upload[]> {
    const uploads: Upload[] = []
    for await (const page of uploadPages(key, context)) {
      for (const { key: found, ...upload } of page) if (found === key) uploads.push(upload)
      // In the order of keys: behind the key itself come only longer ones.
      if (page.at(-1)?.key !== key) break
    }
    return uploads
  }

  async function* listAllUploads(context: Context): AsyncGenerator<NamedUpload> {
    for await (const page of uploadPages('', context)) yield* page
  }

  return { list, listParts, listUploads, listAllUploads }
}

const isRefusal = (error: unknown) =>
  TransferError.is(error) && (error.code === 'UNSUPPORTED' || error.context.status === 405)

function keyOf(key: string | undefined, isEncoded: boolean): string {
  return isEncoded ? decodeURIComponent((key ?? '').replaceAll('+', ' ')) : (key ?? '')
}

function infoOf(
  { Key, Size, ETag = '', LastModified, StorageClass }: S3Object,
  isEncoded: boolean,
): ObjectInfo {
  return {
    key: keyOf(Key, isEncoded),
    size: Size,
    version: versionToken(ETag),
    etag: ETag,
    lastModified: LastModified,
    storageClass: StorageClass,
  }
}
