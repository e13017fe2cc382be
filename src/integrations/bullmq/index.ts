export type { TransferJob, TransferQueue, TransferWorker } from './job'
export {
  type JobTransfer,
  type TransferProcessor,
  type TransferProcessorOptions,
  transferProcessor,
} from './processor'
export { returnJobs } from './return-jobs'
