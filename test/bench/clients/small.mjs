import { setting } from './measure.mjs'

/** Calls `move` with the number of each small object, `concurrency` at a time. */
export async function eachSmall(move) {
  let next = 0
  const work = async () => {
    while (next < setting.objects) {
      const number = String(next).padStart(4, '0')
      next += 1
      await move(number)
    }
  }
  await Promise.all(Array.from({ length: setting.concurrency }, work))
}
