import { open, rm } from 'node:fs/promises'
import type { Case, Contender, Scene } from './cases/case'
import { pathIn } from './cases/ends'
import { runClient, type Sample } from './client'
import { stretch } from './pattern.mjs'
import type { Table } from './report'

const MiB = 1024 * 1024

/** Lets the clients of a case take turns (A B C A B C), so that a machine that slows down slows all of them. */
export async function play(subject: Case, place: Omit<Scene, 'defer'>, rounds: number): Promise<Table> {
  const ends: (() => unknown)[] = []
  try {
    return await playRounds(subject, { ...place, defer: (end) => ends.push(end) }, rounds)
  } finally {
    for (const end of ends) await end()
  }
}

async function playRounds(subject: Case, scene: Scene, rounds: number): Promise<Table> {
  const contenders = Object.entries(await subject.contenders(scene))
  const samples: Record<string, Sample[]> = Object.fromEntries(contenders.map(([name]) => [name, []]))
  // The first round warms caches and is not counted, unless there is but one.
  for (let round = rounds > 1 ? 0 : 1; round <= rounds; round += 1) {
    for (const [name, contender] of contenders) {
      const sample = await runClient(contender.client, scene.authority)
      await check(name, contender, sample, scene)
      if (round > 0) samples[name]!.push(sample)
    }
  }
  const { title, about, baseline } = subject
  const per = subject.per ?? { count: scene.size / 1024 ** 3, unit: 'GiB' }
  const size = scene.size % 1024 ** 3 ? `${scene.size / MiB} MiB` : `${scene.size / 1024 ** 3} GiB`
  const heading = subject.per ? title : `${title}, ${size}${scene.tls ? ', TLS' : ''}`
  return { heading, about, baseline, per, samples }
}

/** @throws where a client has not done what it was to do, whatever it says */
async function check(name: string, contender: Contender, sample: Sample, scene: Scene): Promise<void> {
  const missing = contender.verified?.filter((one) => !sample.verified?.includes(one)) ?? []
  if (missing.length > 0) throw new Error(`${name}: ${missing} was not checked, only ${sample.verified}`)
  const { to, objects = 1 } = contender
  if (to === undefined) return
  if (to === 'disk') return checkFile(name, scene)
  const landed = await to.take('out/')
  if (landed.objects !== objects || landed.bytes !== scene.size) {
    throw new Error(
      `${name}: ${landed.bytes} bytes in ${landed.objects} objects, not ${scene.size} in ${objects}`,
    )
  }
}

/** Its size, and its first and last MiB. Removes it. */
async function checkFile(name: string, scene: Scene): Promise<void> {
  const path = pathIn(scene, 'out')
  await using file = await open(path)
  const { size } = await file.stat()
  if (size !== scene.size) throw new Error(`${name}: the file has ${size} bytes, not ${scene.size}`)
  for (const start of [0, size - MiB]) {
    const bytes = Buffer.alloc(MiB)
    await file.read(bytes, 0, MiB, start)
    if (!bytes.equals(Buffer.concat([...stretch(start, start + MiB)]))) {
      throw new Error(`${name}: the file has other bytes from ${start} on`)
    }
  }
  await rm(path)
}
