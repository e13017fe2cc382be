/** Ways in which a service differs from S3 as documented. */
export interface Quirks {
  /** The first answer to a completion has an ETag element without a value. */
  readonly emptyCompleteEtag: boolean
  /**
   * A completion that is sent again succeeds while the object is the one it made. With another object there, or
   * none, the answer is 500 InternalError and not NoSuchUpload.
   */
  readonly repeatableComplete: boolean
  /** A completion that leaves out a part that was uploaded is refused with InvalidPart. */
  readonly namesAllParts: boolean
  /** Copies answer their ETag without quotes. */
  readonly bareCopyEtags: boolean
  /** The conditions `x-amz-copy-source-if-...` are not looked at. */
  readonly ignoresCopyConditions: boolean
  /** The parts of an upload that is gone are NoSuchKey. */
  readonly listsNoSuchKey: boolean
  /** The key of a copy's source is percent-decoded twice. */
  readonly decodesCopySourceTwice: boolean
  /** `partNumber` of a GET or HEAD is not looked at. */
  readonly ignoresPartNumber: boolean
}

export const noQuirks: Quirks = {
  emptyCompleteEtag: false,
  repeatableComplete: false,
  namesAllParts: false,
  bareCopyEtags: false,
  ignoresCopyConditions: false,
  listsNoSuchKey: false,
  decodesCopySourceTwice: false,
  ignoresPartNumber: false,
}

/** Each seen on a gateway of release 16.2.15. */
export const ceph16Quirks: Quirks = {
  emptyCompleteEtag: true,
  repeatableComplete: true,
  namesAllParts: true,
  bareCopyEtags: true,
  ignoresCopyConditions: true,
  listsNoSuchKey: true,
  decodesCopySourceTwice: true,
  ignoresPartNumber: true,
}
