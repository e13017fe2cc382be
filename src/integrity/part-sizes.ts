const MiB = 1024 ** 2

/**
 * Part sizes in MiB that uploaders use unless told otherwise, and the usual settings of those that ask: Bun and the AWS
 * SDK for JavaScript 5; aws-cli, boto3 and the AWS SDK for .NET 8; s3m 10; s3cmd 15; minio-go 16; minio-js 64; this
 * library 8, 16, 32 and 64; guides of Ceph gateways 128, 256, 512 and 1024.
 */
const usual = [16, 8, 5, 15, 64, 10, 128, 32, 100, 50, 256, 20, 25, 512, 1024, 5120]

/** Each guess costs an MD5 of the whole object. */
const mostGuesses = 3

/** Whether `size` bytes cut into equal parts of `partSize`, the last one perhaps shorter, make so many parts. */
export function makesParts(size: number, partSize: number, parts: number): boolean {
  if (size === 0) return parts === 1
  // As products, which stay exact where a quotient would be rounded.
  return partSize > 0 && partSize * (parts - 1) < size && size <= partSize * parts
}

/**
 * Sizes that the equal parts of an object may have had, the likeliest first: those asked about, the usual ones, then the
 * smallest whole numbers of MiB, which is what uploaders choose that aim at a number of parts.
 */
export function guessPartSizes(size: number, parts: number, likely: readonly number[]): number[] {
  const smallest = Math.ceil(size / parts / MiB)
  const whole = Array.from({ length: mostGuesses }, (_, more) => smallest + more)
  const sizes = [...likely, ...[...usual, ...whole].map((mebibytes) => mebibytes * MiB)]
  const possible = sizes.filter((partSize) => makesParts(size, partSize, parts))
  return [...new Set(possible)].slice(0, mostGuesses)
}
