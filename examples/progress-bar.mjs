// @ts-check
const width = 30

/** A progress bar on standard error; silent where that is no terminal. */
export function progressBar(output = process.stderr) {
  let shown = false
  return {
    /** @param {import('sluiceway').Progress} progress */
    show({ bytes, size, bytesPerSecond, secondsLeft }) {
      if (!output.isTTY || !size) return
      const filled = Math.round((bytes / size) * width)
      const bar = '█'.repeat(filled) + '░'.repeat(width - filled)
      const percent = ((100 * bytes) / size).toFixed(0).padStart(3)
      const speed = `${(bytesPerSecond / 1024 / 1024).toFixed(0)} MiB/s`
      const left = secondsLeft === undefined ? '' : `${Math.ceil(secondsLeft)} s left`
      output.write(`\r${bar} ${percent} %  ${speed}  ${left}\x1b[K`)
      shown = true
    },
    end() {
      if (shown) output.write('\n')
    },
  }
}
