import { errno } from '../../contract/errno'
import { TransferError, type TransferErrorCode } from '../../contract/errors'

/** Which step failed, on which side of a transfer. */
export interface FileStep {
  readonly side: 'source' | 'sink'
  readonly location: string
  /** What was being done, as it reads after "cannot": `'read'`, `'write part 3'`. */
  readonly operation: string
  readonly context?: Readonly<Record<string, unknown>>
}

interface Meaning {
  /** `'failed'`: SOURCE_FAILED or SINK_FAILED. */
  readonly code: TransferErrorCode | 'failed'
  readonly temporary?: true
  readonly advice: string
}

const denied: Meaning = {
  code: 'ACCESS_DENIED',
  advice: 'Give the user of this process the right to do so, or choose another root.',
}
const readOnly: Meaning = {
  code: 'ACCESS_DENIED',
  advice: 'The file system is mounted read-only: mount it for writing, or choose another root.',
}
const full: Meaning = { code: 'NO_SPACE', advice: 'Free some space or raise the quota, then transfer again.' }
const tooManyFiles: Meaning = {
  code: 'failed',
  temporary: true,
  advice: 'Too many files are open: lower the concurrency or raise the limit (ulimit -n).',
}
const passing: Meaning = {
  code: 'failed',
  temporary: true,
  advice: 'It may pass: try again, then check the disk.',
}
const irregular: Meaning = { code: 'UNSUPPORTED', advice: 'Only regular files are objects.' }
const incapable: Meaning = {
  code: 'UNSUPPORTED',
  advice: 'This file system cannot do that: choose another root.',
}
const badName: Meaning = {
  code: 'INVALID_KEY',
  advice: 'This file system cannot hold the name: choose another key.',
}

const meanings: Readonly<Record<string, Meaning>> = {
  EACCES: denied,
  EPERM: denied,
  EROFS: readOnly,
  ENOSPC: full,
  EDQUOT: full,
  EFBIG: {
    code: 'TOO_LARGE',
    advice: 'The file system or the process limit (ulimit -f) allows no such size.',
  },
  ENAMETOOLONG: badName,
  EILSEQ: badName,
  ELOOP: { code: 'INVALID_KEY', advice: 'Symlinks on the way lead in a circle, or one was just put there.' },
  EMFILE: tooManyFiles,
  ENFILE: tooManyFiles,
  EIO: passing,
  EBUSY: passing,
  EAGAIN: passing,
  EINTR: passing,
  ENOMEM: passing,
  ETIMEDOUT: passing,
  EISDIR: irregular,
  ENXIO: irregular,
  ENODEV: irregular,
  EXDEV: incapable,
  ENOTSUP: incapable,
  EOPNOTSUPP: incapable,
  ENOSYS: incapable,
}

const onlyOn: Readonly<Record<FileStep['side'], Readonly<Record<string, Meaning>>>> = {
  source: {
    ENOENT: { code: 'NOT_FOUND', advice: 'There is no such file.' },
    ENOTDIR: { code: 'NOT_FOUND', advice: 'A file stands where the key needs a folder.' },
    // A network file system forgot the open file; opening it again finds it, or finds it gone.
    ESTALE: passing,
  },
  sink: {
    ENOENT: { code: 'SESSION_LOST', advice: 'The staged file or its folder is gone: transfer again.' },
    ENOTDIR: {
      code: 'UNSUPPORTED',
      advice: 'A file stands where the key needs a folder: choose another key.',
    },
    ESTALE: { code: 'SESSION_LOST', advice: 'The server forgot the staged file: transfer again.' },
  },
}

/** Decides, for every failure of a file system call, its code and whether trying again may help. */
export function fileError(error: unknown, step: FileStep): TransferError {
  if (TransferError.is(error)) return error
  const code = errno(error)
  const meaning: Meaning = (code && (onlyOn[step.side][code] ?? meanings[code])) || {
    code: 'failed',
    advice: 'See the cause.',
  }
  return new TransferError(
    meaning.code === 'failed' ? (step.side === 'source' ? 'SOURCE_FAILED' : 'SINK_FAILED') : meaning.code,
    `Cannot ${step.operation} ${step.location}${code ? ` (${code})` : ''}. ${meaning.advice}`,
    {
      retry: meaning.temporary ? 'temporary' : 'permanent',
      context: { location: step.location, operation: step.operation, errno: code, ...step.context },
      cause: error,
    },
  )
}

/** The error of a call whose signal fired. A reason that is a TransferError (a timeout, say) already is that error. */
export function aborted(signal: AbortSignal, location: string): TransferError {
  const reason: unknown = signal.reason
  if (TransferError.is(reason)) return reason
  return new TransferError('ABORTED', `The signal ended the work on ${location}.`, {
    context: { location },
    cause: reason,
  })
}

export function throwIfAborted(signal: AbortSignal | undefined, location: string): void {
  if (signal?.aborted) throw aborted(signal, location)
}
