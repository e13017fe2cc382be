import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { install } from '../../integration/packages'
import type { Client } from '../client'
import type { Peer } from '../peers'
import type { Contender, Scene } from './case'
import { pathIn } from './ends'

/** Programs of Debian beside whom we measure, and the one that measures them. */
export const installPrograms = () =>
  install({ commands: ['rclone', 's3cmd', 'time'], packages: ['rclone', 's3cmd', 'time'] })

/** Of later versions there is no binary for the C library of Debian 12. Its 80 MB are no dependency of the package. */
const opendal = 'opendal@0.47.7'

/** The folder below which opendal is installed. */
export const opendalFolder = fileURLToPath(new URL('../../../.scratch/opendal', import.meta.url))

export async function installOpendal(): Promise<void> {
  if (existsSync(`${opendalFolder}/node_modules/opendal`)) return
  await mkdir(opendalFolder, { recursive: true })
  await promisify(execFile)('npm', ['install', '--silent', '--prefix', opendalFolder, opendal])
}

/** As every client here cuts an object. */
const rcloneParts = ['--s3-chunk-size', '16M', '--s3-upload-concurrency', '4', '--multi-thread-streams', '4']

export function rclone(
  scene: Scene,
  command: 'copy' | 'copyto',
  from: string,
  to: string,
  where: Contender['to'],
  options = rcloneParts,
): Contender {
  const set = ['--config', '/dev/null', '--s3-no-check-bucket', '--retries', '1', '--low-level-retries', '1']
  const tls = scene.tls ? ['--ca-cert', scene.authority] : []
  return { client: { program: ['rclone', command, ...set, ...tls, ...options, from, to] }, to: where }
}

/** A remote without a configuration file. */
export function remote({ options }: Peer, key: string): string {
  const { endpoint, bucket, credentials } = options
  const { accessKeyId, secretAccessKey } = credentials as Record<string, string>
  const keys = `access_key_id=${accessKeyId},secret_access_key=${secretAccessKey}`
  return `:s3,provider=Ceph,${keys},endpoint="${endpoint}":${bucket}/${key}`
}

export const s3cmdGet = (scene: Scene, key: string): Contender => ({
  client: s3cmd(scene, scene.s3, 'get', '--force', `s3://bench/${key}`, pathIn(scene, 'out')),
  to: 'disk',
})

export const s3cmdPut = (scene: Scene): Contender => ({
  client: s3cmd(
    scene,
    scene.s3Sink,
    'put',
    '--multipart-chunk-size-mb=16',
    pathIn(scene, 'in'),
    's3://bench/out/object',
  ),
  to: scene.s3Sink,
})

function s3cmd({ tls, authority }: Scene, { options }: Peer, ...args: string[]): Client {
  const { host } = new URL(options.endpoint)
  const { accessKeyId, secretAccessKey } = options.credentials as Record<string, string>
  const where = [`--host=${host}`, `--host-bucket=${host}`, tls ? `--ca-certs=${authority}` : '--no-ssl']
  const keys = [`--access_key=${accessKeyId}`, `--secret_key=${secretAccessKey}`]
  return { program: ['s3cmd', '--config=/dev/null', '--no-progress', ...where, ...keys, ...args] }
}
