import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import type { Context } from '../../contract/source'
import { lifecycle } from '../../lifecycle/default-lifecycle'
import { internalsOf } from '../../lifecycle/internals'
import { throwIfAborted } from '../object-store/abort'
import { StoreConnections } from '../object-store/connections'
import { type CredentialsCache, credentialsCache } from '../object-store/credentials'
import { type Access, cephError } from './errors'
import { handedInAgents } from './handed-in-agents'
import { type CephCredentials, type CephOptions, checkCredentials, invalid } from './options'
import { RequestHandler } from './request-handler'

export interface Call {
  readonly context: Context
  /** Names the object in messages. */
  readonly location: string
  readonly operation: string
  readonly access: Access
  readonly uploadId?: string
  /** The answer is an object's bytes, which may be lent out. */
  readonly direct?: boolean
}

/** What a command of the SDK looks like from here. */
interface Command<Output> {
  readonly middlewareStack: { add(middleware: never, options: { step: 'initialize'; name: string }): void }
  readonly resolveMiddleware: (...values: never[]) => (input: never) => Promise<{ output: Output }>
}

/** Sends commands through one S3Client, made at the first one: nothing is opened or read from files before. */
export class CephClient {
  readonly #options: CephOptions
  readonly #credentials: CredentialsCache<CephCredentials> | undefined
  readonly #connections: StoreConnections
  #client: Promise<S3Client> | undefined

  constructor(options: CephOptions) {
    this.#options = options
    this.#connections = new StoreConnections(options.lifecycle ?? lifecycle)
    if (!options.client) this.#credentials = credentialsCache(options.credentials!, checkCredentials)
  }

  /** Rejects with a TransferError. */
  async send<Output>(command: Command<Output>, call: Call): Promise<Output> {
    const { signal } = call.context
    throwIfAborted(signal, call.location)
    // A refused client is refused every time.
    this.#client ??= this.#make()
    const client = await this.#client
    const used = await this.#credentials?.get()
    command.middlewareStack.add(quietly as never, { step: 'initialize', name: 'sluiceway' })
    try {
      const options = { abortSignal: signal, call: call.context, direct: call.direct }
      return (await client.send(command as never, options)) as Output
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
      region: this.#options.region ?? 'default',
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
