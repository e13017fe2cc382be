import { attributeNames } from '../../contract/attribute-names'
import type { SinkCapabilities } from '../../contract/sink'
import type { Store } from '../../contract/store'
import { lifecycle } from '../../lifecycle/default-lifecycle'
import type { HoldsUnfinished } from '../../resume/unfinished'
import { StoreConnections } from '../object-store/connections'
import { objectStore } from '../object-store/store'
import { cosApi } from './api'
import { checkAttributes } from './attributes'
import { Caller } from './caller'
import { createClient } from './client'
import { checkCosKey } from './keys'
import type { CosLimits } from './limits'
import { type CosOptions, readOptions } from './options'
import { Port } from './port'

export type { CosLimits } from './limits'
export type { CosCredentials, CosOptions } from './options'

/**
 * A bucket of Tencent COS, through cos-nodejs-sdk-v5 (2.15 or 3.x). Sends nothing by itself.
 * @throws INVALID_OPTION naming the option; with a `client`, also for settings that cannot work
 * @example
 * const archive = cos({ bucket: 'archive-1250000000', region: 'ap-guangzhou', credentials: { secretId, secretKey } })
 */
export function cos(options: CosOptions): Store & HoldsUnfinished {
  const settings = readOptions(options)
  const { bucket, region, limits } = settings
  const client = createClient(settings)
  const connections = new StoreConnections(settings.lifecycle ?? lifecycle)
  const port = new Port({ ...client, bucket, region, connections })
  return objectStore(cosApi(new Caller(port), bucket), {
    capabilities: capabilitiesOf(limits),
    checkKey: checkCosKey,
    checkAttributes,
    close() {
      port.close()
      connections.close()
    },
  })
}

/** As COS documents them. */
const storageClasses = [
  'STANDARD',
  'STANDARD_IA',
  'INTELLIGENT_TIERING',
  'COLD',
  'ARCHIVE',
  'DEEP_ARCHIVE',
  'MAZ_STANDARD',
  'MAZ_STANDARD_IA',
  'MAZ_INTELLIGENT_TIERING',
  'MAZ_COLD',
]

const capabilitiesOf = (limits: Required<CosLimits>): SinkCapabilities => ({
  ...limits,
  attributes: attributeNames,
  storageClasses,
  attests: ['crc64'],
  createOnly: 'enforced',
  duplicateParts: true,
})
