import type { Context } from '../../contract/source'
import { replyText } from '../object-store/reply-text'
import { parseXml, textOf, type XmlElement } from '../object-store/xml'
import { type Asked, badReply, failureError, type Refusal, refusalError } from './errors'
import type { Answer, Call, Port } from './port'
import type { SdkCalls } from './sdk'

/** An answer in XML, with its headers. */
export interface XmlAnswer {
  readonly headers: Answer['headers']
  readonly root: XmlElement
}

type Sent<Name extends keyof SdkCalls> = Omit<Call<Name>, 'location'>

/** Sends calls and judges the answers: what it gives is a success, anything else is a TransferError. */
export class Caller {
  readonly #port: Port

  constructor(port: Port) {
    this.#port = port
  }

  /** The message of the answer is to be read to its end or destroyed. */
  async send<Name extends keyof SdkCalls>(call: Sent<Name>, asked: Asked, context: Context): Promise<Answer> {
    let answer: Answer
    try {
      answer = await this.#port.send({ ...call, location: asked.location }, context)
    } catch (error) {
      throw failureError(error, asked, context.signal)
    }
    if (answer.status >= 200 && answer.status < 300) return answer
    throw refusalError(await readRefusal(answer, asked, context), asked, answer.otherKeys)
  }

  /** For calls whose answer is all in its headers. */
  async headers<Name extends keyof SdkCalls>(
    call: Sent<Name>,
    asked: Asked,
    context: Context,
  ): Promise<Answer['headers']> {
    const answer = await this.send(call, asked, context)
    // Read to its end, so that the connection can be used again.
    if (call.name !== 'headObject') await read(answer, asked, context)
    answer.dispose()
    return answer.headers
  }

  /** @throws SERVER_ERROR unless the answer is a whole element of that name */
  async xml<Name extends keyof SdkCalls>(
    call: Sent<Name>,
    asked: Asked,
    rootName: string,
    context: Context,
  ): Promise<XmlAnswer> {
    const answer = await this.send(call, asked, context)
    const text = await read(answer, asked, context)
    if (text.trim() === '') throw badReply('with nothing at all', asked)
    const { name, root } = parsed(text, asked)
    // The completion of an upload answers 200 before its outcome is known.
    if (name === 'Error') throw refusalError(refusalOf(answer, root), asked, answer.otherKeys)
    if (name !== rootName) throw badReply(`with <${name}> in place of <${rootName}>`, asked)
    return { headers: answer.headers, root }
  }
}

async function readRefusal(answer: Answer, asked: Asked, context: Context): Promise<Refusal> {
  try {
    return refusalOf(answer, parseXml(await replyText(answer.message, context.signal)).root)
  } catch (error) {
    if (context.signal?.aborted) throw failureError(error, asked, context.signal)
    // A HEAD has no body, and a proxy answers in HTML: the status says enough.
    return refusalOf(answer, undefined)
  } finally {
    answer.dispose()
  }
}

function refusalOf({ status, headers }: Answer, root: XmlElement | undefined): Refusal {
  const id = headers['x-cos-request-id']
  return {
    status,
    code: textOf(root, 'Code') ?? '',
    message: textOf(root, 'Message') ?? '',
    requestId: typeof id === 'string' ? id : textOf(root, 'RequestId'),
    retryAfter: headers['retry-after'],
  }
}

async function read({ message }: Answer, asked: Asked, { signal }: Context): Promise<string> {
  try {
    return await replyText(message, signal)
  } catch (error) {
    throw failureError(error, asked, signal)
  }
}

function parsed(text: string, asked: Asked): ReturnType<typeof parseXml> {
  try {
    return parseXml(text)
  } catch (error) {
    throw badReply('with something that is no XML, or only a part of it', asked, error)
  }
}
