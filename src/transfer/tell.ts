/** Calls a listener of the caller's. Its bugs must not decide over the object, nor end the process: async ones reject. */
export function tell<T>(listener: ((value: T) => unknown) | undefined, value: T): void {
  if (listener) void (async () => listener(value))().catch(() => {})
}
