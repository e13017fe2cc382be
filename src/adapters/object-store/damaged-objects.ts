import { TransferError } from '../../contract/errors'
import type { Committed } from '../../contract/sink'
import type { ObjectInfo } from '../../contract/source'
import { sameEtag } from '../../integrity/etag'

/** What one sink has stored wrongly, and could not take back for sure: such an object is not somebody else's. */
export class DamagedObjects {
  readonly #found: Committed[] = []

  /** @returns the error to end with: whether the damaged object still stands there is not known */
  add(damaged: Committed, integrity: TransferError): TransferError {
    this.#found.push(damaged)
    const { location } = integrity.context
    const message = `${location} was stored damaged, and whether it could be taken back is not known. Look at it, and transfer again.`
    const { etag, version } = damaged
    const context = { ...integrity.context, stored: { etag, version } }
    return new TransferError('OUTCOME_UNKNOWN', message, {
      retry: integrity.retry,
      context,
      cause: integrity,
    })
  }

  has({ etag }: ObjectInfo): boolean {
    return this.#found.some((damaged) => sameEtag(damaged.etag, etag))
  }
}
