import type { Part } from '../../contract/sink'
import { Crc64 } from '../../integrity/crc64'
import { readSize } from './file-bytes'
import type { FileHandle } from './filesystem'

/**
 * The CRC-64 of a part as it is in the file now, or undefined where the file ends inside it. Page cache to digest,
 * Node 20: about 0.2 CPU seconds per GiB; otherwise as fast as the disk reads.
 *
 * @param check called before each read of 1 MiB; what it throws ends the reading
 */
export async function digestOf(
  handle: FileHandle,
  part: Part,
  check: () => void,
): Promise<string | undefined> {
  const digest = new Crc64()
  const buffer = Buffer.allocUnsafeSlow(Math.min(readSize, part.size))
  for (let done = 0; done < part.size; ) {
    check()
    const wanted = Math.min(buffer.length, part.size - done)
    const { bytesRead } = await handle.read(buffer, 0, wanted, part.start + done)
    if (bytesRead === 0) return undefined
    digest.update(buffer.subarray(0, bytesRead))
    done += bytesRead
  }
  return digest.digest()
}
