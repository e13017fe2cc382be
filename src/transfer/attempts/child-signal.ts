/** A signal of one's own, which also fires when one of those it was made from does, with the same reason. */
export interface ChildSignal {
  readonly signal: AbortSignal
  abort(reason: unknown): void
  /** Lets go of the parents. */
  end(): void
}

export function childSignal(...parents: readonly (AbortSignal | undefined)[]): ChildSignal {
  const controller = new AbortController()
  const ends = parents.map((parent) => {
    const follow = () => controller.abort(parent?.reason)
    if (parent?.aborted) follow()
    parent?.addEventListener('abort', follow, { once: true })
    return () => parent?.removeEventListener('abort', follow)
  })
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    end() {
      for (const end of ends) end()
    },
  }
}
