import { attributeNames } from '../contract/attribute-names'
import { TransferError } from '../contract/errors'
import type { Sink } from '../contract/sink'
import type { ObjectAttributes } from '../contract/source'

type AttributeName = (typeof attributeNames)[number]

export interface CarriedAttributes {
  readonly attributes: ObjectAttributes
  /** What the source has and the sink cannot store. */
  readonly notCarried: readonly AttributeName[]
}

/**
 * Settles what the new object carries: the source's own, overridden by the sink's, overridden by the transfer's.
 * @throws UNSUPPORTED when the caller set one that the sink cannot store; those of the source are reported instead
 */
export function carryAttributes(
  source: ObjectAttributes,
  sink: Sink,
  transfer: ObjectAttributes,
): CarriedAttributes {
  const set: ObjectAttributes = { ...given(sink.attributes ?? {}), ...given(transfer) }
  const wanted: ObjectAttributes = { ...given(source), ...set }
  const can = sink.capabilities?.attributes ?? []
  const refused = attributeNames.filter((name) => set[name] !== undefined && !can.includes(name))
  if (refused.length > 0) {
    throw new TransferError(
      'UNSUPPORTED',
      `${sink.location} cannot store ${refused.join(', ')}; leave it out of the transfer's metadata.`,
      { context: { location: sink.location, attributes: refused } },
    )
  }
  const present = attributeNames.filter((name) => wanted[name] !== undefined)
  const carries = (name: AttributeName) => can.includes(name) && (name in set || isKnown(name, wanted, sink))
  return {
    attributes: Object.fromEntries(present.filter(carries).map((name) => [name, wanted[name]])),
    notCarried: present.filter((name) => !carries(name)),
  }
}

/** Storage classes are names of a backend's own: those of another one mean nothing to it. */
function isKnown(name: AttributeName, { storageClass }: ObjectAttributes, sink: Sink): boolean {
  const known = sink.capabilities?.storageClasses
  return name !== 'storageClass' || !known || storageClass === undefined || known.includes(storageClass)
}

/** Empty values count as absent: nothing is lost with them. */
function given(attributes: ObjectAttributes): ObjectAttributes {
  return Object.fromEntries(
    attributeNames
      .map((name) => [name, attributes[name]] as const)
      .filter(([, value]) => value !== undefined && value !== '' && !isEmpty(value)),
  )
}

const isEmpty = (value: string | object) => typeof value === 'object' && Object.keys(value).length === 0
