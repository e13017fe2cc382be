/** A signal that follows another after a while, for requests whose outcome is better learnt than guessed. */
export interface GracefulSignal {
  readonly signal: AbortSignal
  end(): void
}

/** @param milliseconds how much later it fires, with the same reason */
export function graceful(signal: AbortSignal, milliseconds: number): GracefulSignal {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const start = () => {
    timer = setTimeout(() => controller.abort(signal.reason), milliseconds)
  }
  signal.addEventListener('abort', start, { once: true })
  return {
    signal: controller.signal,
    end: () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', start)
    },
  }
}
