/** A signal of one's own, which also fires when the one it was made from does, with the same reason. */
export interface ChildSignal {
  readonly signal: AbortSignal
  abort(reason: unknown): void
  /** Lets go of the parent. */
  end(): void
}

export function childSignal(parent: AbortSignal): ChildSignal {
  const controller = new AbortController()
  const follow = () => controller.abort(parent.reason)
  if (parent.aborted) follow()
  parent.addEventListener('abort', follow, { once: true })
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    end: () => parent.removeEventListener('abort', follow),
  }
}
