import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import type { Context } from '../../contract/source'
import { lifecycle } from '../../lifecycle/default-lifecycle'
import { internalsOf } from '../../lifecycle/internals'
import { throwIfAborted, unlessAborted } from '../object-store/abort'
import { StoreConnections } from '../object-store/connections'
import { type CredentialsCache, credentialsCache } from '../object-store/credentials'
import { type Access, cephError } from './errors'
import { handedInAgents } from './handed-in-agents'
import { type CephCredentials, type CephOptions, checkCredentials, invalid } from './options'
import { RequestHandler } from './request-handler'
import { type ObjectAnswer, type ObjectRequest, SignedRequests } from './signed/requests'

export interface Call {
  readonly context: Context
  /** Names the object in messages. */
  readonly location: string
  readonly operation: string
  readonly access: Access
  readonly uploadId?: string
}

/** What a command of the SDK looks like from here. */
interface Command<Output> {
  readonly middlewareStack: { add(middleware: never, options: { step: 'initialize'; name: string }): void }
  readonly resolveMiddleware: (...values: never[]) => (input: never) => Promise<{ output: Output }>
}

/**
 * Sends requests for objects as {@link SignedRequests}, and all others through one S3Client, made at the first one:
 * nothing is opened or read from files before.
 */
export class CephClient {
  readonly #options: CephOptions
  readonly #credentials: CredentialsCache<CephCredentials> | undefined
  readonly #connections: StoreConnections
  readonly #signed: SignedRequests | undefined
  #client: Promise<S3Client> | undefined

  constructor(options: CephOptions) {
    this.#options = options
    this.#connections = new StoreConnections(options.lifecycle ?? lifecycle)
    if (options.client) return
    this.#credentials = credentialsCache(options.credentials!, checkCredentials)
    this.#signed = new SignedRequests(options.endpoint!, regionOf(options), this.#connections)
  }

  /**
   * A request for one object, sent without the SDK. Rejects with a TransferError.
   * Undefined where the client was handed in: it may have a say in its requests, and those go through it.
   */
  object(request: ObjectRequest, call: Call): Promise<ObjectAnswer> | undefined {
    const signed = this.#signed
    if (!signed) return undefined
    return this.#attempt(call, (used) => signed.send(request, used!, call.context))
  }

  /** Rejects with a TransferError. */
  send<Output>(command: Command<Output>, call: Call): Promise<Output> {
    return this.#attempt(call, async () => {
      // A refused client is refused every time.
      this.#client ??= this.#make()
      const client = await this.#client
      command.middlewareStack.add(quietly as never, { step: 'initialize', name: 'sluiceway' })
      const options = { abortSignal: call.context.signal, call: call.context }
      return (await client.send(command as never, options)) as Output
    })
  }

  async #attempt<T>(call: Call, work: (used: CephCredentials | undefined) => Promise<T>): Promise<T> {
    const { signal } = call.context
    throwIfAborted(signal, call.location)
    const used = await (this.#credentials && unlessAborted(this.#credentials.get(), signal, call.location))
    try {
      return await work(used)
    } catch (error) {
      const renewCredentials = used && (() => this.#credentials!.invalidate(used))
      throw cephError(error, { ...call, signal, renewCredentials })
    }
  }

  close(): void {
    this.#connections.close()
  }

  async #make(): Promise<S3Client> {
    const { client } = this.#options
    if (client) {
      await checkChecksums(client)
      internalsOf(this.#options.lifecycle ?? lifecycle).adopted.adopt(handedInAgents(client))
      return client
    }
    const own = new S3Client(this.#config())
    const requestHandler = new RequestHandler(own.config.requestHandler, this.#connections)
    Object.assign(own.config, { requestHandler })
    return own
  }

  #config(): S3ClientConfig {
    const credentials = this.#credentials!
    return {
      endpoint: this.#options.endpoint,
      region: regionOf(this.#options),
      forcePathStyle: true,
      // Expired at once, so that the SDK keeps none itself and always gets those of the cache.
      credentials: async () => ({ ...(await credentials.get()), expiration: new Date() }),
      // With the default the SDK sends bodies in aws-chunked form with a CRC behind them, which Ceph before 19 refuses.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      // The core retries; and the SDK cannot where the body is a stream.
      maxAttempts: 1,
      expectContinueHeader: false,
      // Or else the SDK looks for these in the environment and in files of the user.
      defaultsMode: 'standard',
      retryMode: 'standard',
      useFipsEndpoint: false,
      useDualstackEndpoint: false,
      useArnRegion: false,
      disableS3ExpressSessionAuth: true,
      userAgentAppId: '',
    }
  }
}

const regionOf = ({ region = 'default' }: CephOptions) => region

const checksumSettings = ['requestChecksumCalculation', 'responseChecksumValidation'] as const

async function checkChecksums(client: S3Client): Promise<void> {
  for (const name of checksumSettings) {
    const setting = client.config[name] as unknown
    const value = typeof setting === 'function' ? await setting() : setting
    if (value === undefined || value === 'WHEN_REQUIRED') continue
    const reason =
      name === 'requestChecksumCalculation'
        ? 'the SDK then sends streams with a checksum behind them, and Ceph refuses such a body (MissingContentLength)'
        : 'the SDK then asks for checksums that Ceph does not keep'
    throw invalid(
      'client',
      `has ${name} ${JSON.stringify(value)}: ${reason}. Make it with ${name}: 'WHEN_REQUIRED'`,
    )
  }
}

type Next = (args: unknown) => Promise<unknown>

/** The SDK writes to the console when a request with a stream fails, unless it has a logger of its own. */
const quietly = (next: Next, context: { logger?: object }) => (args: unknown) => {
  if (!context.logger || context.logger.constructor?.name === 'NoOpLogger') context.logger = silence
  return next(args)
}

const nothing = () => {}
const silence = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing }
