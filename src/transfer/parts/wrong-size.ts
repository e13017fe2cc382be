import { TransferError } from '../../contract/errors'
import type { Part } from '../../contract/sink'

/** A source that broke its word: it ended after `seen` bytes of the part, or gave more than the part has. */
export function wrongSize(location: string, part: Part, seen: number): TransferError {
  const short = seen < part.size
  const gave = short ? `only ${seen}` : 'more'
  return new TransferError(
    short ? 'TRUNCATED' : 'INTEGRITY',
    `${location} gave ${gave} bytes where it stated ${part.size}.`,
    {
      // A connection may cut a body short; none makes it longer: such a source contradicts itself.
      retry: short ? 'temporary' : 'permanent',
      context: { location, part: part.index, start: part.start, stated: part.size },
    },
  )
}
