import { cosServer, s3Server } from 'sluiceway/testing'

/** The servers of the benchmark, in a process of their own so that their work is not counted as the client's. */
const size = Number(process.argv[2])
const s3 = await s3Server({ storage: 'discard' })
const cos = await cosServer({ storage: 'discard' })
s3.addSynthetic('object', size, { seed: 1 })

// Of its own: what goes from one bucket of a gateway to another one never passes through the client.
const s3Target = await s3Server({ storage: 'discard' })
const s3Options = { endpoint: s3.url, bucket: s3.bucket, credentials: s3.credentials }
process.send?.({
  s3: s3Options,
  key: 'object',
  targets: {
    s3: {
      kind: 's3',
      options: { endpoint: s3Target.url, bucket: s3Target.bucket, credentials: s3Target.credentials },
    },
    cos: {
      kind: 'cos',
      options: {
        endpoint: cos.url,
        bucket: cos.bucket,
        region: 'ap-guangzhou',
        credentials: cos.credentials,
      },
    },
  },
})
process.on('disconnect', () => process.exit())
