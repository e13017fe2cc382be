import type { KeyvLike } from '../../src/resume/index'

/** As Keyv behaves over a store of text. */
export function fakeKeyv(texts = new Map<string, string>()): Required<KeyvLike> {
  return {
    get: async (key) => {
      const text = texts.get(key)
      return text === undefined ? undefined : JSON.parse(text)
    },
    set: async (key, value) => {
      texts.set(key, JSON.stringify(value))
      return true
    },
    delete: async (key) => texts.delete(key),
  }
}
