import { type XmlContent, xmlDocument } from '../xml'
import type { Service } from './service'

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body?: ReplyBody
  /** The body again, where it is XML. */
  readonly xml?: string
}

/** `size` becomes the Content-Length; faults let the two differ. */
export interface ReplyBody {
  readonly size: number
  chunks(): AsyncIterable<Uint8Array>
  /** Called once, when the body has been sent or given up. */
  done?(): Promise<void>
}

export function textReply(status: number, headers: Record<string, string>, text: string): Reply {
  const bytes = Buffer.from(text)
  return {
    status,
    headers,
    body: {
      size: bytes.length,
      async *chunks() {
        yield bytes
      },
    },
    xml: text,
  }
}

export const xmlReply = (
  service: Service,
  name: string,
  content: XmlContent,
  headers: Record<string, string> = {},
): Reply =>
  textReply(
    200,
    { 'content-type': 'application/xml', ...headers },
    xmlDocument(name, content, service.dialect.namespace),
  )
