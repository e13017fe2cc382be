import type { Context, ObjectInfo } from '../../contract/source'
import type { NamedUpload, StoredPart, Upload } from '../object-store/api'
import { versionToken } from '../object-store/version'
import { textOf, type XmlElement } from '../object-store/xml'
import type { Caller } from './caller'
import { type Asked, badReply } from './errors'

/** Entries per request: the most COS gives. */
const pageSize = 1000

export async function* listObjects(
  caller: Caller,
  name: string,
  Prefix: string,
  context: Context,
): AsyncGenerator<ObjectInfo> {
  const asked: Asked = { operation: 'list', location: name }
  let Marker: string | undefined
  for (;;) {
    const params = { Prefix, EncodingType: 'url', MaxKeys: pageSize, ...(Marker && { Marker }) } as const
    const { root } = await caller.xml({ name: 'getBucket', params }, asked, 'ListBucketResult', context)
    const decode = decoderOf(root)
    const entries = elements(root, 'Contents')
    for (const entry of entries) yield objectInfo(entry, decode, asked)
    if (!isTruncated(root)) return
    const last = entries.at(-1)
    Marker = following(Marker, decode(textOf(root, 'NextMarker') || textOf(last, 'Key') || ''), asked)
  }
}

function objectInfo(entry: XmlElement, decode: (key: string) => string, asked: Asked): ObjectInfo {
  const etag = unquoted(textOf(entry, 'ETag'))
  const modified = textOf(entry, 'LastModified')
  const storageClass = textOf(entry, 'StorageClass')
  return {
    key: decode(required(entry, 'Key', asked)),
    size: integer(required(entry, 'Size', asked), asked),
    version: versionToken(etag),
    etag,
    ...(modified && { lastModified: new Date(modified) }),
    ...(storageClass && storageClass !== 'STANDARD' && { storageClass }),
  }
}

export async function listParts(
  caller: Caller,
  key: string,
  uploadId: string,
  asked: Asked,
  context: Context,
): Promise<StoredPart[]> {
  const parts: StoredPart[] = []
  let marker: string | undefined
  for (;;) {
    const params = {
      Key: key,
      UploadId: uploadId,
      MaxParts: pageSize,
      ...(marker && { PartNumberMarker: marker }),
    }
    const { root } = await caller.xml(
      { name: 'multipartListPart', params },
      asked,
      'ListPartsResult',
      context,
    )
    for (const entry of elements(root, 'Part')) {
      parts.push({
        partNumber: integer(required(entry, 'PartNumber', asked), asked),
        size: integer(required(entry, 'Size', asked), asked),
        etag: unquoted(required(entry, 'ETag', asked)),
      })
    }
    if (!isTruncated(root)) return parts
    const next = textOf(root, 'NextPartNumberMarker') || String(parts.at(-1)?.partNumber ?? '')
    marker = following(marker, next, asked)
  }
}

/** COS lists by prefix, so the uploads of `a.mov.tmp` come with those of `a.mov`. */
export async function listUploads(
  caller: Caller,
  key: string,
  asked: Asked,
  context: Context,
): Promise<Upload[]> {
  const uploads: Upload[] = []
  for await (const { key: found, ...upload } of listAllUploads(caller, key, asked, context)) {
    if (found === key) uploads.push(upload)
  }
  return uploads
}

export async function* listAllUploads(
  caller: Caller,
  Prefix: string,
  asked: Asked,
  context: Context,
): AsyncGenerator<NamedUpload> {
  let after: { KeyMarker: string; UploadIdMarker: string } | undefined
  for (;;) {
    const params = { Prefix, EncodingType: 'url', MaxUploads: pageSize, ...after } as const
    const answer = await caller.xml(
      { name: 'multipartList', params },
      asked,
      'ListMultipartUploadsResult',
      context,
    )
    const { root } = answer
    const decode = decoderOf(root)
    for (const entry of elements(root, 'Upload')) {
      const key = decode(required(entry, 'Key', asked))
      const initiated = new Date(required(entry, 'Initiated', asked))
      yield { key, uploadId: required(entry, 'UploadId', asked), initiated }
    }
    if (!isTruncated(root)) return
    const KeyMarker = decode(textOf(root, 'NextKeyMarker') ?? '')
    const UploadIdMarker = textOf(root, 'NextUploadIdMarker') ?? ''
    following(
      after && `${after.KeyMarker} ${after.UploadIdMarker}`,
      `${KeyMarker} ${UploadIdMarker}`.trim(),
      asked,
    )
    after = { KeyMarker, UploadIdMarker }
  }
}

const elements = (root: XmlElement, name: string): readonly XmlElement[] => root.children.get(name) ?? []

const isTruncated = (root: XmlElement): boolean => textOf(root, 'IsTruncated') === 'true'

/** A page that leads nowhere, or to itself, would be asked for again and again. */
function following(before: string | undefined, next: string, asked: Asked): string {
  if (next === '' || next === before)
    throw badReply('with a page that does not say where the next one begins', asked)
  return next
}

/** A gateway that ignores `encoding-type` sends keys as they are, and says so. */
function decoderOf(root: XmlElement): (text: string) => string {
  if (textOf(root, 'EncodingType') !== 'url') return (text) => text
  return (text) => {
    try {
      return decodeURIComponent(text)
    } catch {
      return text
    }
  }
}

function required(entry: XmlElement, name: string, asked: Asked): string {
  const text = textOf(entry, name)
  if (text) return text
  throw badReply(`with an entry that has no ${name}`, asked)
}

function integer(text: string, asked: Asked): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw badReply(`with ${JSON.stringify(text)} where a number belongs`, asked)
}

export const unquoted = (etag: string | undefined): string => (etag ?? '').replace(/^"(.*)"$/, '$1')
