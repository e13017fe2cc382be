import { S3Client } from '@aws-sdk/client-s3'
import { ceph } from 'sluiceway/ceph'
import { conformance } from 'sluiceway/testing'
import { describe, it } from 'vitest'
import { collect } from '../transfer/fakes'
import { emptyBucket, getWithSdk, putWithSdk } from './aws'
import { describeWithCeph } from './real-ceph'

describeWithCeph('the ceph adapter on a real gateway', (gateway) => {
  let buckets = 0
  conformance(
    { describe, it },
    {
      name: 'ceph, for real',
      partSize: 5 * 1024 * 1024,
      pageSize: 1000,
      async create() {
        buckets += 1
        const bucket = `${gateway.bucket}-${buckets}`
        await gateway.createBucket(bucket)
        const client = new S3Client({
          endpoint: gateway.endpoint,
          credentials: gateway.credentials,
          region: 'default',
          forcePathStyle: true,
          requestChecksumCalculation: 'WHEN_REQUIRED',
          responseChecksumValidation: 'WHEN_REQUIRED',
        })
        const make = () => ceph({ endpoint: gateway.endpoint, bucket, credentials: gateway.credentials })
        const stores = [make()]
        return {
          store: stores[0]!,
          async dispose() {
            await Promise.all(stores.map((store) => store.close()))
            await emptyBucket(client, bucket)
            client.destroy()
          },
          leftovers: async () => (await gateway.listUploads(bucket)).map(({ key }) => key),
          async reopen() {
            stores.push(make())
            return stores.at(-1)!
          },
          putRaw: (key, bytes) => putWithSdk(client, bucket, key, bytes),
          getRaw: async (key) => collect(await getWithSdk(client, bucket, key)),
          secrets: [gateway.credentials.secretAccessKey],
        }
      },
    },
  )
})
