/**
 * What the disk store needs of a module shaped like node:fs. node:fs itself fits, memfs does, and so does a wrapper
 * around either.
 */
export interface FileSystem {
  readonly promises: FileSystemPromises
  /** Values for the flags of `open`, as the module itself counts them. Without them string flags are used. */
  readonly constants?: Readonly<Record<string, number>> | object
}

/** Results this store does not use, or reads with a conversion, are `unknown`, so that more modules fit. */
export interface FileSystemPromises {
  open(path: string, flags: string | number, mode?: number): Promise<FileHandle>
  lstat(path: string, options: { bigint: true }): Promise<FileStats>
  realpath(path: string): Promise<unknown>
  readlink(path: string): Promise<unknown>
  readdir(path: string, options: { withFileTypes: true }): Promise<unknown[]>
  mkdir(path: string): Promise<unknown>
  rmdir(path: string): Promise<unknown>
  unlink(path: string): Promise<unknown>
  rename(from: string, to: string): Promise<unknown>
  /** Without it, `createOnly` is refused. */
  link?(existing: string, path: string): Promise<unknown>
  /** Without it, free space is not looked at beforehand. */
  statfs?(path: string, options: { bigint: true }): Promise<FreeSpace>
}

export interface FileHandle {
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }>
  write(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ bytesWritten: number }>
  stat(options: { bigint: true }): Promise<FileStats>
  /** Without it, a commit does not claim to be synced. */
  sync?(): Promise<unknown>
  close(): Promise<unknown>
}

/** Numbers, where a module knows no bigint. */
export interface FileStats {
  readonly dev: number | bigint
  readonly ino: number | bigint
  readonly size: number | bigint
  readonly mtimeMs: number | bigint
  readonly mtimeNs?: number | bigint
  isFile(): boolean
  isDirectory(): boolean
  isSymbolicLink(): boolean
}

export interface FreeSpace {
  readonly bsize: number | bigint
  readonly blocks: number | bigint
  readonly bavail: number | bigint
}

/** What `readdir` gives. */
export interface FolderEntry {
  readonly name: string
  isDirectory(): boolean
  isFile(): boolean
  isSymbolicLink(): boolean
}

const required = [
  'open',
  'lstat',
  'realpath',
  'readlink',
  'readdir',
  'mkdir',
  'rmdir',
  'unlink',
  'rename',
] as const

/** The first call that `fs` lacks, or undefined where it can be used. */
export function missingCall(fs: unknown): string | undefined {
  const promises = (fs as { promises?: Record<string, unknown> } | null | undefined)?.promises
  if (!promises) return 'promises'
  const missing = required.find((name) => typeof promises[name] !== 'function')
  return missing && `promises.${missing}`
}

/** The flags of the ways this store opens things. */
export interface OpenFlags {
  /** Never through a symlink, and never waiting for the other end of a pipe. */
  readonly read: string | number
  /** For reading too, and only where nothing stands, not even a dangling symlink. */
  readonly create: string | number
  /** To read and write what stands there; never through a symlink. */
  readonly update: string | number
  readonly folder: string | number
}

/** Flags the platform does not know (Windows has neither O_NOFOLLOW nor O_NONBLOCK) are left out. */
export function openFlags(fs: FileSystem): OpenFlags {
  const constants = fs.constants as Record<string, number | undefined> | undefined
  if (constants?.O_CREAT === undefined || constants.O_EXCL === undefined) {
    return { read: 'r', create: 'wx+', update: 'r+', folder: 'r' }
  }
  const flag = (name: string): number => constants[name] ?? 0
  return {
    read: flag('O_RDONLY') | flag('O_NOFOLLOW') | flag('O_NONBLOCK'),
    create: flag('O_RDWR') | flag('O_CREAT') | flag('O_EXCL') | flag('O_NOFOLLOW'),
    update: flag('O_RDWR') | flag('O_NOFOLLOW') | flag('O_NONBLOCK'),
    folder: flag('O_RDONLY') | flag('O_DIRECTORY') | flag('O_NOFOLLOW'),
  }
}
