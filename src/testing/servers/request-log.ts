import type { Call, OperationName } from './call'
import type { FaultName } from './misbehaviour/fault'

/** One request as the server saw it; filled in as it goes on. */
export interface RequestRecord {
  readonly operation: OperationName
  readonly method: string
  readonly key: string
  readonly query: Readonly<Record<string, string>>
  /** Without signatures and tokens. */
  readonly headers: Readonly<Record<string, string>>
  /** Missing while under way, and where no answer was sent. */
  status?: number
  /** The code of the error that was answered, and why. */
  error?: { readonly code: string; readonly reason: string }
  fault?: FaultName
  /** Of the request body. */
  bytesReceived: number
  /** Of the reply's body. */
  bytesSent: number
}

/** Enough for the longest test; a server that runs for a day does not fill the memory with it. */
const maxRecords = 20_000

const secret = /^authorization$|security-token$|^x-amz-signature$|^q-signature$/i

export class RequestLog {
  readonly records: RequestRecord[] = []

  add(call: Call): RequestRecord {
    const open = ([name]: readonly [string, unknown]) => !secret.test(name)
    const record: RequestRecord = {
      operation: call.operation,
      method: call.method,
      key: call.key,
      query: Object.fromEntries(call.query.entries.filter(open)),
      headers: Object.fromEntries(
        Object.entries(call.headers)
          .filter(open)
          .map(([name, value]) => [name, String(value)]),
      ),
      bytesReceived: 0,
      bytesSent: 0,
    }
    this.records.push(record)
    if (this.records.length > maxRecords) this.records.splice(0, maxRecords / 2)
    return record
  }
}
