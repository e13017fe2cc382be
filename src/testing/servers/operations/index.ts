import type { OperationName } from '../call'
import { ServiceError } from '../service-error'
import { bucketLocation, deleteObjects, headBucket, listBuckets } from './buckets'
import { completeUpload } from './complete-upload'
import { copyObject, copyPart } from './copies'
import { listObjects, listObjectsV2, listUploads } from './lists'
import { deleteObject, getObject, headObject, putObject } from './objects'
import type { Reply } from './reply'
import type { Task } from './service'
import { abortUpload, createUpload, listParts, uploadPart } from './uploads'

/** What each operation does, for both dialects. */
export const operations: { readonly [name in OperationName]: (task: Task) => Promise<Reply> } = {
  ListBuckets: listBuckets,
  HeadBucket: headBucket,
  GetBucketLocation: bucketLocation,
  ListObjects: listObjects,
  ListObjectsV2: listObjectsV2,
  ListMultipartUploads: listUploads,
  DeleteObjects: deleteObjects,
  PutObject: putObject,
  CopyObject: copyObject,
  GetObject: getObject,
  HeadObject: headObject,
  DeleteObject: deleteObject,
  CreateMultipartUpload: createUpload,
  UploadPart: uploadPart,
  UploadPartCopy: copyPart,
  CompleteMultipartUpload: completeUpload,
  AbortMultipartUpload: abortUpload,
  ListParts: listParts,
  async Unsupported() {
    throw new ServiceError(501, 'NotImplemented', 'this server does not know the operation')
  },
}
