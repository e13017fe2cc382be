import type { ObjectApi } from '../object-store/api'
import type { CephClient } from './client'
import { listApi } from './list-api'
import { readApi } from './read-api'
import { writeApi } from './write-api'

/** The port of object stores over a Ceph gateway. `gateway` names it for copies between its buckets. */
export function cephApi(client: CephClient, bucket: string, gateway: string | undefined): ObjectApi {
  const name = `ceph:${bucket}`
  return {
    name,
    bucket,
    gateway,
    ...readApi(client, bucket, name),
    ...writeApi(client, bucket, name),
    ...listApi(client, bucket, name),
  }
}
