import type { OperationName, Query } from './call'

const unsupported = new Set(
  (
    'acl tagging retention legal-hold torrent restore versioning versions policy policyStatus cors lifecycle ' +
    'website logging notification replication encryption requestPayment object-lock ownershipControls ' +
    'publicAccessBlock select attributes append inventory domain accelerate referer'
  ).split(' '),
)

/** Which operation method, key and parameters ask for; both dialects agree on these. */
export function operationName(method: string, key: string, query: Query, copies: boolean): OperationName {
  if (query.entries.some(([name]) => unsupported.has(name))) return 'Unsupported'
  return (key === '' ? onBucket(method, query) : onObject(method, query, copies)) ?? 'Unsupported'
}

function onBucket(method: string, query: Query): OperationName | undefined {
  if (method === 'HEAD') return 'HeadBucket'
  if (method === 'POST' && query.has('delete')) return 'DeleteObjects'
  if (method !== 'GET') return undefined
  if (query.has('uploads')) return 'ListMultipartUploads'
  if (query.has('location')) return 'GetBucketLocation'
  return query.get('list-type') === '2' ? 'ListObjectsV2' : 'ListObjects'
}

function onObject(method: string, query: Query, copies: boolean): OperationName | undefined {
  const uploadId = query.has('uploadId')
  switch (method) {
    case 'HEAD':
      return 'HeadObject'
    case 'GET':
      return uploadId ? 'ListParts' : 'GetObject'
    case 'PUT':
      if (uploadId) return copies ? 'UploadPartCopy' : 'UploadPart'
      return copies ? 'CopyObject' : 'PutObject'
    case 'POST':
      if (query.has('uploads')) return 'CreateMultipartUpload'
      return uploadId ? 'CompleteMultipartUpload' : undefined
    case 'DELETE':
      return uploadId ? 'AbortMultipartUpload' : 'DeleteObject'
    default:
      return undefined
  }
}
