import { transfer } from 'sluiceway'
import { ceph } from 'sluiceway/ceph'
import { stream } from 'sluiceway/stream'
import { syntheticBytes } from 'sluiceway/testing'
import { startGateway } from '../../test/integration/ceph/gateway'

/** Brings up a real Ceph gateway and puts an object of `size` bytes into it. */
export async function startCeph(size: number) {
  console.log('Starting a real Ceph gateway (its packages are installed first where they are missing) ...')
  const gateway = await startGateway({ memoryBytes: size + 1024 ** 3 })
  const bucket = 'staging'
  try {
    await gateway.createBucket(bucket)
    console.log('Staging the object in it ...')
    const { endpoint, credentials } = gateway
    const staging = ceph({ endpoint, bucket, credentials })
    const bytes = syntheticBytes(1, { start: 0, end: size })
    await transfer(stream(bytes, { size }), staging.sink('in/big.mov'))
    await staging.close()
    return { ...gateway, bucket }
  } catch (error) {
    await gateway.stop()
    throw error
  }
}
