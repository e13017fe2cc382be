import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { certificate } from '../support/certificate'
import type { Scene } from './cases/case'
import { stretch } from './pattern.mjs'
import { startPeer } from './peers'

export interface Stage extends AsyncDisposable {
  scene(size: number, tls: boolean): Promise<Omit<Scene, 'defer'>>
}

/** Starts servers as they are needed, and keeps a folder with the object as a file. */
export async function openStage(): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'sluiceway-bench-'))
  const authority = join(folder, 'authority.pem')
  await writeFile(authority, certificate)
  const started = new Map<boolean, Promise<Pick<Scene, 's3' | 's3Sink' | 'cos'>>>()
  const peers = async (tls: boolean) => {
    const [s3, s3Sink, cos] = await Promise.all([
      startPeer('s3', tls),
      startPeer('s3', tls),
      startPeer('cos', tls),
    ])
    return { s3, s3Sink, cos }
  }
  return {
    async scene(size, tls) {
      if (!started.has(tls)) started.set(tls, peers(tls))
      const writeInput = () => writePattern(join(folder, 'in'), size)
      return { size, tls, folder, authority, writeInput, ...(await started.get(tls)!) }
    },
    async [Symbol.asyncDispose]() {
      for (const { s3, s3Sink, cos } of await Promise.all(started.values())) {
        for (const peer of [s3, s3Sink, cos]) peer.close()
      }
      await rm(folder, { recursive: true })
    },
  }
}

async function writePattern(path: string, size: number): Promise<void> {
  const file = await open(path, 'w')
  for (const slice of stretch(0, size)) await file.write(slice)
  // Or the disk would still be writing while the clients read.
  await file.sync()
  await file.close()
}
