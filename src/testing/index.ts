export { Crc64, combineCrc64, crc64 } from '../integrity/crc64'
export * from './conformance'
export * from './fault-proxy'
export * from './servers'
