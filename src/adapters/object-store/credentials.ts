import { TransferError } from '../../contract/errors'

/** Keys, or an async function that returns them, with `expiration` where they are temporary. */
export type CredentialsOption<C extends object> = C | (() => Promise<C & Expiring>)

export interface Expiring {
  /** They are asked for again a little before this. */
  readonly expiration?: Date
}

export interface CredentialsCache<C extends object> {
  /** The credentials to sign the next request with. */
  get(): Promise<C & Expiring>
  /**
   * To be told when the backend calls `used` expired. True where another attempt has hope: others will be asked for,
   * or have been meanwhile. False for fixed keys, and for new ones that were called expired at once.
   */
  invalidate(used: C): boolean
}

/** Asked again this long before they expire, in milliseconds, but never in the first half of their life. */
const margin = 60_000
/** Replacements that are called expired sooner than this, in milliseconds, will not be helped by asking again. */
const hopeless = 30_000

/** @param check throws where what a provider returned has not the shape of credentials. */
export function credentialsCache<C extends object>(
  given: CredentialsOption<C>,
  check: (credentials: C) => void,
): CredentialsCache<C> {
  return typeof given === 'function' ? new ProviderCache(given, check) : fixed(given)
}

function fixed<C extends object>(credentials: C): CredentialsCache<C> {
  return { get: async () => credentials, invalidate: () => false }
}

interface Held<C> {
  readonly credentials: C & Expiring
  readonly fetchedAt: number
  readonly replacement: boolean
}

class ProviderCache<C extends object> implements CredentialsCache<C> {
  readonly #provider: () => Promise<C & Expiring>
  readonly #check: (credentials: C) => void
  #held: Held<C> | undefined
  #asking: Promise<C & Expiring> | undefined
  #replace = false

  constructor(provider: () => Promise<C & Expiring>, check: (credentials: C) => void) {
    this.#provider = provider
    this.#check = check
  }

  async get(): Promise<C & Expiring> {
    if (this.#held && !isNearEnd(this.#held)) return this.#held.credentials
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }

  invalidate(used: C): boolean {
    const held = this.#held
    if (!held || held.credentials !== used) return true
    this.#held = undefined
    this.#replace = true
    return !(held.replacement && Date.now() - held.fetchedAt < hopeless)
  }

  async #ask(): Promise<C & Expiring> {
    const credentials = await this.#fetch()
    this.#check(credentials)
    this.#held = { credentials, fetchedAt: Date.now(), replacement: this.#replace }
    this.#replace = false
    return credentials
  }

  async #fetch(): Promise<C & Expiring> {
    try {
      return await this.#provider()
    } catch (cause) {
      const message = 'The credentials function failed. See the cause; it is asked again at the next attempt.'
      throw new TransferError('ACCESS_DENIED', message, { retry: 'temporary', cause })
    }
  }
}

function isNearEnd({ credentials, fetchedAt }: Held<object & Expiring>): boolean {
  const end = credentials.expiration?.getTime()
  if (end === undefined || Number.isNaN(end)) return false
  return Date.now() >= end - Math.min(margin, (end - fetchedAt) / 2)
}
