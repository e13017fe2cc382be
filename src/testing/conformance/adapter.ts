import type { ObjectAttributes } from '../../contract/source'
import type { Store } from '../../contract/store'

/**
 * The two functions of a test runner that the suite needs. Those of vitest, node:test, jest and mocha fit as they are.
 * The third argument of `it` is a time limit in milliseconds, for runners that take one there.
 */
export interface TestRunner {
  describe(name: string, body: () => void): unknown
  it(name: string, test: () => Promise<void>, timeout?: number): unknown
}

/** What an adapter is to the suite. */
export interface ConformanceAdapter {
  readonly name: string
  /** Called once for every test. What it gives must be empty, and be shared with no other test. */
  create(): Promise<ConformanceBackend>
  /**
   * Optional members of the contracts which the adapter does not have. Their tests are left out, and another test
   * fails if the member is there after all.
   */
  readonly without?: readonly OptionalMember[]
  /**
   * Tests that fail for a known reason, by name. They must go on failing: one that passes is reported, so that the
   * list never outlives the gap.
   */
  readonly knownGaps?: Readonly<Record<string, string>>
  readonly keys?: OddKeys
  /** Attributes to try, of those the sink declares. @default one value for each, save `storageClass` */
  readonly attributes?: ObjectAttributes
  /** Bytes of a part in the tests. @default 64 KiB, or the sink's minimum where that is larger */
  readonly partSize?: number
  /** Objects on one page of the backend's listing: the suite then lists one more. @default paging is not tried */
  readonly pageSize?: number
  /** Milliseconds within which a call must settle once it is aborted or has nothing to wait for. @default 5000 */
  readonly patience?: number
  /** Milliseconds for one whole test. @default 60000 */
  readonly timeout?: number
}

export type OptionalMember =
  | 'peek'
  | 'put'
  | 'stat'
  | 'resume'
  | 'listParts'
  | 'copyPart'
  | 'revoke'
  | 'reconcile'
  | 'defer'

/** Keys of the suite which the backend does not hold as they are. See `oddKeys` for the list. */
export interface OddKeys {
  /** Refused with INVALID_KEY. */
  readonly refused?: readonly string[]
  /** Held under another name, as `a//b` is `a/b` on a disk. */
  readonly renamed?: Readonly<Record<string, string>>
}

/** One empty store, and what the suite may know about it beyond the contracts. */
export interface ConformanceBackend {
  readonly store: Store
  dispose(): Promise<void>
  /** Names of half-written things: multipart uploads, temporary files. After every test they must be gone within `patience`. */
  leftovers?(): Promise<string[]>
  /** Another store over the same bytes, as another process would make it. @default the same store */
  reopen?(): Promise<Store>
  /** Writes an object behind the adapter's back. @default through the adapter */
  putRaw?(key: string, bytes: Uint8Array): Promise<void>
  /** Reads an object behind the adapter's back. @default not done */
  getRaw?(key: string): Promise<Uint8Array>
  /** Strings that no error, state, name or location may show. */
  readonly secrets?: readonly string[]
}
