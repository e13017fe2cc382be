import { type Call, header } from '../call'
import { SharedBytes } from '../model/bytes'
import { type DigestName, type DigestValues, Hasher } from '../model/hasher'
import { ServiceError } from '../service-error'
import type { RequestBody, Service, Task } from './service'

export interface Received {
  readonly bytes: SharedBytes
  readonly digests: DigestValues
  readonly etag: string
}

/** Takes a body in, to its end, and checks it against what the client said of it. Nothing stays of a bad one. */
export async function receiveBody(
  { service, call, body }: Task,
  names: ReadonlySet<DigestName>,
  maxSize: number,
): Promise<Received> {
  const { dialect } = service
  dialect.checkTransfer(call)
  const tooLarge = new ServiceError(400, 'EntityTooLarge', `the body is larger than ${maxSize} bytes`)
  if ((body.size ?? 0) > maxSize) throw tooLarge
  const md5 = contentMd5(call)
  const sha256 = dialect.signedSha256(call)
  const needed = new Set(names)
  if (md5) needed.add('md5')
  if (sha256) needed.add('sha256')
  const received = await store(service, body, needed, maxSize, tooLarge)
  const refusal = refusalOf(received.digests, md5, sha256)
  if (!refusal) return received
  await received.bytes.release()
  throw refusal
}

/** Digests and stores, in one pass. */
export async function store(
  service: Service,
  body: RequestBody,
  names: ReadonlySet<DigestName>,
  maxSize = Number.POSITIVE_INFINITY,
  tooLarge?: ServiceError,
): Promise<Received> {
  const hasher = new Hasher(names)
  const writer = await service.store.create()
  let size = 0
  try {
    for await (const chunk of body.chunks()) {
      size += chunk.length
      if (size > maxSize && tooLarge) throw tooLarge
      hasher.update(chunk)
      const written = writer.write(body.atRest ? body.atRest(chunk) : chunk)
      if (written) await written
    }
  } catch (error) {
    await writer.discard()
    throw error
  }
  const digests = hasher.digest()
  return {
    bytes: new SharedBytes(await writer.finish()),
    digests,
    etag: digests.md5 ?? opaqueEtag(digests, size),
  }
}

/** As long as an MD5 and as sensitive to the bytes, without the cost of one. */
function opaqueEtag({ crc64 }: DigestValues, size: number): string {
  const hasher = new Hasher(new Set(['md5']))
  hasher.update(Buffer.from(`${crc64}:${size}`))
  return hasher.digest().md5!
}

function contentMd5(call: Call): string | undefined {
  const value = header(call, 'content-md5')
  if (value === undefined) return undefined
  const bytes = Buffer.from(value, 'base64')
  if (bytes.length !== 16 || bytes.toString('base64') !== value) {
    throw new ServiceError(400, 'InvalidDigest', 'Content-MD5 is no base64 of 16 bytes')
  }
  return bytes.toString('hex')
}

function refusalOf(digests: DigestValues, md5?: string, sha256?: string): ServiceError | undefined {
  if (md5 && md5 !== digests.md5) {
    return new ServiceError(400, 'BadDigest', 'Content-MD5 is not the MD5 of the body that arrived')
  }
  if (sha256 && sha256 !== digests.sha256) {
    return new ServiceError(400, 'XAmzContentSHA256Mismatch', 'the signed SHA-256 is not that of the body')
  }
  return undefined
}

/** A small body as text: the XML of a request. Its digests are checked as those of any other. */
export async function receiveText(task: Task, maxSize: number): Promise<string> {
  const chunks: Uint8Array[] = []
  const kept = {
    size: task.body.size,
    async *chunks() {
      for await (const chunk of task.body.chunks()) {
        chunks.push(chunk)
        yield chunk
      }
    },
  }
  const received = await receiveBody({ ...task, body: kept }, new Set(['md5']), maxSize)
  await received.bytes.release()
  return Buffer.concat(chunks).toString('utf8')
}
