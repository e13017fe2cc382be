import { within } from '../contract/within'

/** What `ask` says; false when it throws, rejects or stays silent for so many milliseconds. */
export async function saysYes(ask: () => boolean | Promise<boolean>, timeout: number): Promise<boolean> {
  try {
    return (await within(timeout, Promise.resolve(ask()), false)) === true
  } catch {
    return false
  }
}
