import type { ObjectInfo } from '../../contract/source'
import type { ListOptions } from '../../contract/store'
import { throwIfAborted } from './errors'
import type { Bucket } from './objects'

/** Objects that come or go meanwhile may be missed, as with any paged listing; none is given half-written. */
export async function* list(
  bucket: Bucket,
  prefix: string,
  { signal }: ListOptions,
): AsyncGenerator<ObjectInfo, void, undefined> {
  throwIfAborted(signal, bucket.name)
  const keys = [...bucket.objects.keys()].filter((key) => key.startsWith(prefix))
  for (const key of keys.sort(byUtf8)) {
    throwIfAborted(signal, bucket.name)
    const object = bucket.objects.get(key)
    if (object) yield object.info
  }
}

/** Strings compare by UTF-16 units, which puts emoji before U+E000 to U+FFFF; stores compare bytes. */
function byUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
