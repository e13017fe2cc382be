import type { Case, Contender, Scene } from './case'
import { fileIn, objectOn, pathIn, script, sluiceway, writtenTo } from './ends'
import { installOpendal, opendalFolder, rclone, remote, s3cmdGet, s3cmdPut } from './programs'

const digests = (scene: Scene, ...names: string[]): Contender =>
  script(scene, 'digest', {}, undefined, { digests: names })

/** Programs that cannot be told of a certificate are left out over TLS. */
const plainOnly = (scene: Scene, contenders: Record<string, Contender>) => (scene.tls ? {} : contenders)

const s3ToCos: Case = {
  name: 's3-to-cos',
  title: 'S3 to COS',
  about: 'rclone knows no COS: it writes to S3.',
  baseline: 'SDK streams, nothing verified',
  contenders(scene) {
    const { s3, cos, s3Sink } = scene
    const ends = { from: objectOn(s3, scene), to: writtenTo(cos) }
    const ours = (verify: 'size' | 'attested' | 'end-to-end') =>
      sluiceway(scene, ends.from, ends.to, cos, verify)
    return {
      'SDK streams, nothing verified': script(scene, 'sdk-to-cos', ends, cos),
      'sluiceway, end to end': ours('end-to-end'),
      'sluiceway, attested': ours('attested'),
      'sluiceway, sizes only': ours('size'),
      'socket floor': script(scene, 'floor', ends, cos),
      rclone: rclone(scene, 'copyto', remote(s3, ends.from.key), remote(s3Sink, 'out/object'), s3Sink),
      'CRC-64 and MD5 alone': digests(scene, 'crc64', 'md5'),
      'CRC-64 alone': digests(scene, 'crc64'),
    }
  },
}

const s3ToS3: Case = {
  name: 's3-to-s3',
  title: 'S3 to S3',
  baseline: 'SDK streams, nothing verified',
  async contenders(scene) {
    await installOpendal()
    const { s3, s3Sink } = scene
    const ends = { from: objectOn(s3, scene), to: writtenTo(s3Sink) }
    const ours = (verify: 'size' | 'attested') => sluiceway(scene, ends.from, ends.to, s3Sink, verify)
    return {
      'SDK streams, nothing verified': script(scene, 'sdk-to-s3', ends, s3Sink),
      'sluiceway, attested': ours('attested'),
      'sluiceway, sizes only': ours('size'),
      'socket floor': script(scene, 'floor', ends, s3Sink),
      '@aws-sdk/lib-storage': script(scene, 'lib-storage', ends, s3Sink),
      ...plainOnly(scene, { opendal: script(scene, 'opendal', ends, s3Sink, { modules: opendalFolder }) }),
      rclone: rclone(scene, 'copyto', remote(s3, ends.from.key), remote(s3Sink, 'out/object'), s3Sink),
      'MD5 alone': digests(scene, 'md5'),
    }
  },
}

const s3ToDisk: Case = {
  name: 's3-to-disk',
  title: 'S3 to disk',
  about: 'Only sluiceway waits until the bytes are on the disk, unless it is told not to (`fsync: false`).',
  baseline: 'rclone',
  contenders(scene) {
    const from = objectOn(scene.s3, scene)
    const ours = (fsync: boolean) =>
      sluiceway(scene, from, fileIn(scene, 'out', { fsync }), 'disk', 'attested')
    const out = pathIn(scene, 'out')
    return {
      rclone: rclone(scene, 'copyto', remote(scene.s3, from.key), out, 'disk'),
      'sluiceway, attested': ours(true),
      'sluiceway, attested, without fsync': ours(false),
      'SDK stream to a file': script(scene, 'sdk-to-disk', { from, to: fileIn(scene, 'out') }, 'disk'),
      s3cmd: s3cmdGet(scene, from.key),
    }
  },
}

const diskToCos: Case = {
  name: 'disk-to-cos',
  title: 'Disk to COS',
  baseline: 'COS SDK, sliceUploadFile',
  async contenders(scene) {
    await scene.writeInput()
    const { cos } = scene
    const ends = { from: fileIn(scene, 'in'), to: writtenTo(cos) }
    return {
      'COS SDK, sliceUploadFile': script(scene, 'cos-slice-upload', ends, cos),
      'sluiceway, attested': sluiceway(scene, ends.from, ends.to, cos, 'attested'),
      'sluiceway, sizes only': sluiceway(scene, ends.from, ends.to, cos, 'size'),
      'CRC-64 alone': digests(scene, 'crc64'),
    }
  },
}

const diskToS3: Case = {
  name: 'disk-to-s3',
  title: 'Disk to S3',
  baseline: '@aws-sdk/lib-storage',
  async contenders(scene) {
    await scene.writeInput()
    const { s3Sink } = scene
    const ends = { from: fileIn(scene, 'in'), to: writtenTo(s3Sink) }
    return {
      '@aws-sdk/lib-storage': script(scene, 'lib-storage', ends, s3Sink),
      'sluiceway, attested': sluiceway(scene, ends.from, ends.to, s3Sink, 'attested'),
      'sluiceway, sizes only': sluiceway(scene, ends.from, ends.to, s3Sink, 'size'),
      rclone: rclone(scene, 'copyto', pathIn(scene, 'in'), remote(s3Sink, 'out/object'), s3Sink),
      s3cmd: s3cmdPut(scene),
      'MD5 alone': digests(scene, 'md5'),
    }
  },
}

const cosToDisk: Case = {
  name: 'cos-to-disk',
  title: 'COS to disk',
  baseline: 'SDK stream to a file',
  contenders(scene) {
    const from = objectOn(scene.cos, scene)
    const ours = (verify: 'attested' | 'end-to-end') =>
      sluiceway(scene, from, fileIn(scene, 'out'), 'disk', verify)
    return {
      'SDK stream to a file': script(scene, 'sdk-to-disk', { from, to: fileIn(scene, 'out') }, 'disk'),
      'sluiceway, attested': ours('attested'),
      'sluiceway, end to end': ours('end-to-end'),
    }
  },
}

const streamToS3: Case = {
  name: 'stream-to-s3',
  title: 'A stream of unknown length to S3',
  baseline: '@aws-sdk/lib-storage',
  contenders(scene) {
    const to = writtenTo(scene.s3Sink)
    return {
      '@aws-sdk/lib-storage': script(scene, 'lib-storage', { to }, scene.s3Sink),
      'sluiceway, attested': {
        ...script(scene, 'sluiceway-stream', { to }, scene.s3Sink, { verify: 'attested' }),
        verified: ['size', 'part-etag', 'object-etag'],
      },
      'MD5 alone': digests(scene, 'md5'),
    }
  },
}

export const objectCases = [s3ToCos, s3ToS3, s3ToDisk, diskToCos, diskToS3, cosToDisk, streamToS3]
