export type { CheckpointStore } from './checkpoint-store'
export { fileCheckpoints } from './file-checkpoints'
export { type KeyvLike, keyvCheckpoints } from './keyv-checkpoints'
export { memoryCheckpoints } from './memory-checkpoints'
export {
  type FailedSweep,
  type KeptUpload,
  type SweepOptions,
  type SweepResult,
  type SweptUpload,
  sweep,
} from './sweep'
