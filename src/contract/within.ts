/**
 * What `work` gives, or `instead` when it has not settled after so many milliseconds. Its clock keeps the process alive:
 * somebody awaits the answer, and a dead peer gives no sign of life.
 */
export function within<T>(milliseconds: number, work: Promise<T>, instead: T): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds, instead)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
