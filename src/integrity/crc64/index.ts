export { Crc64, combineAll, combineCrc64, crc64 } from './crc64'
