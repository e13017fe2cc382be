import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A server of the benchmark, as its clients are told of it. */
export interface Peer {
  readonly kind: 's3' | 'cos'
  readonly port: number
  /** What `ceph()` and `cos()` take. */
  readonly options: Readonly<Record<string, unknown>> & { readonly endpoint: string; readonly bucket: string }
  /** What has been written under a prefix since it was last asked. */
  take(prefix: string): Promise<{ readonly objects: number; readonly bytes: number }>
  close(): void
}

const keys = { id: 'benchmark', secret: 'nobody-looks-at-signatures' }

export async function startPeer(kind: 's3' | 'cos', tls: boolean): Promise<Peer> {
  const protocol = tls ? 'https' : 'http'
  const child = forkScript('servers/main.ts', [kind, protocol])
  const port = Number(await answerOf(child))
  const endpoint = `${protocol}://127.0.0.1:${port}`
  return {
    kind,
    port,
    options: optionsOf(kind, endpoint),
    async take(prefix) {
      child.send(prefix)
      return (await answerOf(child)) as { objects: number; bytes: number }
    },
    close: () => end(child),
  }
}

/** The same server by way of a line with a delay in each direction, in milliseconds. */
export async function delayed(peer: Peer, milliseconds: number): Promise<Peer> {
  const child = forkScript('servers/delay.ts', [String(peer.port), String(milliseconds)])
  const port = Number(await answerOf(child))
  return {
    ...peer,
    port,
    options: optionsOf(peer.kind, `http://127.0.0.1:${port}`),
    close: () => end(child),
  }
}

function optionsOf(kind: 's3' | 'cos', endpoint: string) {
  return kind === 's3'
    ? { endpoint, bucket: 'bench', credentials: { accessKeyId: keys.id, secretAccessKey: keys.secret } }
    : {
        endpoint,
        bucket: 'archive-1250000000',
        region: 'ap-guangzhou',
        credentials: { secretId: keys.id, secretKey: keys.secret },
      }
}

const forkScript = (path: string, args: string[]): ChildProcess =>
  fork(fileURLToPath(new URL(path, import.meta.url)), args, { execArgv: ['--import', 'tsx'] })

/** @throws where the server has ended instead: it does so at the first thing it does not understand */
async function answerOf(child: ChildProcess): Promise<unknown> {
  const answered = new AbortController()
  const { signal } = answered
  const ended = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`a server of the benchmark has ended with ${code}`)
  })
  try {
    const [answer] = await Promise.race([once(child, 'message', { signal }), ended])
    return answer
  } finally {
    ended.catch(() => {})
    answered.abort()
  }
}

function end(child: ChildProcess): void {
  if (child.connected) child.disconnect()
}
