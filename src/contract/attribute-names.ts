import type { ObjectAttributes } from './source'

/** All there are, in the order in which results name them. */
export const attributeNames = [
  'contentType',
  'cacheControl',
  'contentDisposition',
  'contentEncoding',
  'metadata',
  'storageClass',
] as const satisfies ReadonlyArray<keyof ObjectAttributes>
