/** An error the server answers with, in the dialect's own XML. */
export class ServiceError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message)
  }
}

/** The client went away, or a fault sent it away: there is nobody to answer. */
export class PeerGone extends Error {}
