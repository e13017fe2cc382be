/** What `ask` says; false when it throws, rejects or stays silent for so many milliseconds. */
export async function saysYes(ask: () => boolean | Promise<boolean>, timeout: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const silence = new Promise<boolean>((resolve) => {
    // Keeps the process alive: somebody awaits the answer, and a dead peer gives no sign of life.
    timer = setTimeout(resolve, timeout, false)
  })
  try {
    return (await Promise.race([ask(), silence])) === true
  } catch {
    return false
  } finally {
    clearTimeout(timer)
  }
}
