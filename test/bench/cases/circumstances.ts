import { startGateway } from '../../integration/ceph/gateway'
import { runClient } from '../client'
import { delayed, type Peer } from '../peers'
import type { Case, Contender, Scene } from './case'
import { objectOn, script, sluiceway, writtenTo } from './ends'
import { rclone, remote } from './programs'

const MiB = 1024 * 1024
const GiB = 1024 * MiB

/** What the runner asks of every contender here: from S3 to COS. */
function toCos(scene: Scene, s3: Peer, cos: Peer) {
  const ends = { from: objectOn(s3, scene), to: writtenTo(cos) }
  return {
    sdk: (more: object = {}) => script(scene, 'sdk-to-cos', ends, cos, more),
    ours: (verify: 'size' | 'attested' | 'end-to-end', more: object = {}) =>
      sluiceway(scene, ends.from, ends.to, cos, verify, more),
  }
}

/** Numbers of streams that somebody may have chosen by hand. */
export const fixedStreams = [1, 4, 8, 16, 32]

const slowLine: Case = {
  name: 'slow-line',
  title: 'S3 to COS, both 30 ms away',
  about:
    'A round trip takes 30 ms on both sides, and a connection has at most 1 MiB under way: 33 MiB/s. sluiceway and rclone (which writes to S3) with their default settings, the SDK streams in parts of 16 MiB.',
  baseline: 'SDK streams, 4',
  size: GiB,
  async contenders(scene) {
    const away = async (peer: Peer) => {
      const far = await delayed(peer, 15)
      scene.defer(() => far.close())
      return far
    }
    const far = { s3: await away(scene.s3), s3Sink: await away(scene.s3Sink), cos: await away(scene.cos) }
    const { sdk, ours } = toCos(scene, far.s3, far.cos)
    const streams = fixedStreams.map((concurrency): [string, Contender] => [
      `SDK streams, ${concurrency}`,
      sdk({ concurrency }),
    ])
    const defaults = { partSize: undefined, concurrency: undefined }
    return {
      ...Object.fromEntries(streams),
      'sluiceway, attested': ours('attested', defaults),
      rclone: rclone(
        scene,
        'copyto',
        remote(far.s3, objectOn(far.s3, scene).key),
        remote(far.s3Sink, 'out/object'),
        far.s3Sink,
        [],
      ),
    }
  },
}

const container: Case = {
  name: 'container',
  title: 'S3 to COS in a memory cgroup of 64 MiB',
  about:
    'What does not fit is killed by the kernel, and ends the benchmark. The limit holds for the kernel’s buffers, too; the peak of the process also counts the pages of Node’s binary, which are not in the group.',
  baseline: 'sluiceway, end to end',
  contenders(scene) {
    const { ours } = toCos(scene, scene.s3, scene.cos)
    const within = (contender: Contender): Contender => ({
      ...contender,
      client: { ...contender.client, memoryBytes: 64 * MiB } as Contender['client'],
    })
    return {
      'sluiceway, end to end': within(ours('end-to-end')),
      'sluiceway, attested': within(ours('attested')),
    }
  },
}

const eventLoop: Case = {
  name: 'event-loop',
  title: 'How long the process keeps others waiting, S3 to COS',
  about:
    'By how much a timer of 1 ms is late while 4 parts move: the 99th percentile, and the worst. Others share the processors; what the process itself computed between two turns of its loop, on all its threads, stands beside it.',
  baseline: 'SDK streams, nothing verified',
  contenders(scene) {
    const { sdk, ours } = toCos(scene, scene.s3, scene.cos)
    return {
      'SDK streams, nothing verified': sdk({ eventLoop: true }),
      'sluiceway, attested': ours('attested', { eventLoop: true }),
      'sluiceway, end to end': ours('end-to-end', { eventLoop: true }),
    }
  },
}

const large: Case = {
  name: 'large',
  title: 'S3 to COS',
  baseline: 'SDK streams, nothing verified',
  size: 20 * GiB,
  contenders(scene) {
    const { sdk, ours } = toCos(scene, scene.s3, scene.cos)
    return {
      'SDK streams, nothing verified': sdk(),
      'sluiceway, attested': ours('attested'),
      'sluiceway, sizes only': ours('size'),
    }
  },
}

const cephToCos: Case = {
  name: 'ceph-to-cos',
  title: 'A real Ceph gateway to COS',
  about: 'The gateway shares the processors, and costs most of the time. rclone writes to S3.',
  baseline: 'SDK streams, nothing verified',
  async contenders(scene) {
    const { s3, s3Sink, cos, authority } = scene
    const gateway = await startGateway({ memoryBytes: 2 * scene.size + GiB })
    scene.defer(() => gateway.stop())
    await gateway.createBucket('bench')
    const { endpoint, credentials } = gateway
    const ceph: Peer = { ...s3, options: { endpoint, bucket: 'bench', credentials } }
    const object = objectOn(ceph, scene)
    const fill = sluiceway(scene, objectOn(s3, scene), object, ceph, 'attested')
    await runClient(fill.client, authority)
    const { sdk, ours } = toCos(scene, ceph, cos)
    return {
      'SDK streams, nothing verified': sdk(),
      'sluiceway, end to end': ours('end-to-end'),
      'sluiceway, attested': ours('attested'),
      'sluiceway, sizes only': ours('size'),
      rclone: rclone(scene, 'copyto', remote(ceph, object.key), remote(s3Sink, 'out/object'), s3Sink),
    }
  },
}

export const circumstances = [large, slowLine, container, eventLoop, cephToCos]
