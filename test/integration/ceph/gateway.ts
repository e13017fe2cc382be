import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  BucketAlreadyOwnedByYou,
  CreateBucketCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  S3Client,
} from '@aws-sdk/client-s3'
import { runScript } from './script'

export interface GatewayOptions {
  /** Folder of the gateway; one running there is reused. @default a new one under the temporary folder */
  readonly dir?: string
  /** Bytes of memory for the objects. @default 2 GiB */
  readonly memoryBytes?: number
  /** Keeps the objects in a sparse file of this many bytes instead, for objects larger than memory. */
  readonly bluestoreBytes?: number
  /** Settings of radosgw, such as `{ rgw_multipart_min_part_size: 1048576 }`. */
  readonly rgw?: Readonly<Record<string, string | number>>
}

/** What start-ceph.sh prints. Plain data, so that it can be provided to test files. */
export interface GatewayFacts {
  readonly endpoint: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Such as `16.2.15`. */
  readonly version: string
  readonly store: 'memstore' | 'bluestore'
  readonly pids: Readonly<Record<'mon' | 'osd' | 'radosgw', number>>
  readonly dir: string
}

export interface Gateway {
  readonly facts: GatewayFacts
  readonly endpoint: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  /** Converges: a bucket that is there already will do. */
  createBucket(name: string): Promise<void>
  /** Multipart uploads under way, of all keys. */
  listUploads(bucket: string): Promise<{ key: string; uploadId: string }[]>
  /** Gives back the space of deleted and replaced objects now. */
  collectGarbage(): Promise<void>
  usedBytes(): Promise<number>
  /** Ends radosgw at once, with every connection; the objects stay. */
  kill(): Promise<void>
  /** Starts radosgw again, on the same port, after `kill()` or instead of the running one. */
  restart(): Promise<void>
  /** Ends the daemons and removes the folder. */
  stop(): Promise<void>
}

/** Starts a real Ceph gateway; it ends with this process at the latest. */
export async function startGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'sluiceway-ceph-')))
  const size = options.bluestoreBytes
    ? ['--bluestore', `${options.bluestoreBytes}`]
    : ['--memory', `${options.memoryBytes ?? 2 * 1024 ** 3}`]
  const rgw = Object.entries(options.rgw ?? {}).flatMap(([name, value]) => [
    '--rgw-option',
    `${name}=${value}`,
  ])
  try {
    const facts = await runScript(['start', '--dir', dir, '--owner', `${process.pid}`, ...size, ...rgw])
    return connectGateway(JSON.parse(facts) as GatewayFacts)
  } catch (error) {
    // A folder named by the caller keeps its logs.
    if (!options.dir) await rm(dir, { recursive: true, force: true })
    throw error
  }
}

/** Handles a gateway that somebody else has started. */
export function connectGateway(facts: GatewayFacts): Gateway {
  const { endpoint, accessKeyId, secretAccessKey, dir } = facts
  const credentials = { accessKeyId, secretAccessKey }
  const run = (command: string) => runScript([command, '--dir', dir])
  const withClient = async <T>(use: (client: S3Client) => Promise<T>): Promise<T> => {
    const client = new S3Client({ endpoint, credentials, region: 'default', forcePathStyle: true })
    return use(client).finally(() => client.destroy())
  }
  return {
    facts,
    endpoint,
    credentials,
    createBucket: (name) => withClient((client) => createBucket(client, name)),
    listUploads: (bucket) => withClient((client) => listUploads(client, bucket)),
    collectGarbage: async () => void (await run('collect-garbage')),
    usedBytes: async () => Number(await run('used-bytes')),
    kill: async () => void (await run('kill-gateway')),
    restart: async () => void (await run('start-gateway')),
    stop: async () => void (await run('stop')),
  }
}

async function createBucket(client: S3Client, name: string): Promise<void> {
  try {
    await client.send(new CreateBucketCommand({ Bucket: name }))
  } catch (error) {
    if (!(error instanceof BucketAlreadyOwnedByYou)) throw error
  }
}

async function listUploads(client: S3Client, bucket: string) {
  const uploads: { key: string; uploadId: string }[] = []
  let marker: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {}
  while (marker) {
    const page: ListMultipartUploadsCommandOutput = await client.send(
      new ListMultipartUploadsCommand({ Bucket: bucket, ...marker }),
    )
    for (const upload of page.Uploads ?? []) uploads.push({ key: upload.Key!, uploadId: upload.UploadId! })
    marker = page.IsTruncated
      ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
      : undefined
  }
  return uploads
}
