import type { ObjectApi } from '../object-store/api'
import type { Caller } from './caller'
import { listAllUploads, listObjects, listParts, listUploads } from './listing'
import { abortUpload, completeUpload, createUpload, uploadPart } from './multipart'
import { getObject, headObject, peekObject, putObject, removeObject } from './objects'

/** The calls of COS that a store is made of, one request each. */
export function cosApi(caller: Caller, bucket: string): ObjectApi {
  const name = `cos:${bucket}`
  const at = (key: string) => `${name}/${key}`
  return {
    name,
    bucket,
    head: (key, context) => headObject(caller, key, at(key), context),
    get: (key, range, context) => getObject(caller, key, range, at(key), context),
    peek: (key, limit, context) => peekObject(caller, key, limit, at(key), context),
    put: (key, object, bytes, md5, context) => putObject(caller, key, object, bytes, md5, at(key), context),
    createUpload: (key, object, context) => createUpload(caller, key, object, at(key), context),
    uploadPart: (Key, UploadId, PartNumber, body, context) =>
      uploadPart(caller, { Key, UploadId, PartNumber }, body, at(Key), context),
    listParts: (key, uploadId, context) =>
      listParts(caller, key, uploadId, { operation: 'list of parts', location: at(key), uploadId }, context),
    completeUpload: (Key, UploadId, parts, object, context) =>
      completeUpload(caller, { Key, UploadId }, parts, object, at(Key), context),
    abortUpload: (key, uploadId, context) => abortUpload(caller, key, uploadId, at(key), context),
    listUploads: (key, context) =>
      listUploads(caller, key, { operation: 'list of uploads', location: at(key) }, context),
    listAllUploads: (context) =>
      listAllUploads(caller, '', { operation: 'list of uploads', location: name }, context),
    list: (prefix, context) => listObjects(caller, name, prefix, context),
    remove: (key, version, context) => removeObject(caller, key, version, at(key), context),
  }
}
