import type { Peer } from '../peers'
import type { Case, Contender, Scene } from './case'
import { rclone, remote } from './programs'

const count = 2000
const concurrency = 16

function smallCase(name: string, title: string, sink: (scene: Scene) => Peer): Case {
  return {
    name,
    title: `${count} objects of 16 KiB, ${concurrency} at a time, ${title}`,
    baseline: 'SDK loop: get and put',
    size: count * 16 * 1024,
    per: { count: 1, unit: '' },
    contenders(scene) {
      const to = sink(scene)
      const by = (script: string, more: object = {}): Contender => {
        const setting = { from: scene.s3, to, objects: count, concurrency, ...more }
        return { client: { script, setting }, to, objects: count }
      }
      const ours = (verify: 'size' | 'attested'): Contender => ({
        ...by('small-sluiceway', { verify }),
        verified: verify === 'size' ? ['size'] : ['size', to.kind === 's3' ? 'object-etag' : 'object-crc64'],
      })
      const copy = ['--transfers', `${concurrency}`]
      return {
        'SDK loop: get and put': by('small-sdk'),
        'sluiceway, attested': ours('attested'),
        'sluiceway, sizes only': ours('size'),
        ...(to.kind === 's3' && {
          rclone: {
            ...rclone(scene, 'copy', remote(scene.s3, 'small'), remote(to, 'out'), to, copy),
            objects: count,
          },
        }),
      }
    },
  }
}

export const smallCases = [
  smallCase('small', 'S3 to S3', ({ s3Sink }) => s3Sink),
  smallCase('small-to-cos', 'S3 to COS', ({ cos }) => cos),
]
