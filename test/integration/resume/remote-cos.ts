import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { cos } from 'sluiceway/cos'
import type { CosCredentials } from 'sluiceway/testing'
import { packageRoot } from '../built-package'
import type { End } from './attempt'
import type { CosMethods } from './cos-process'

const script = fileURLToPath(new URL('cos-process.ts', import.meta.url))

type Remote<M> = {
  readonly [K in keyof M]: M[K] extends (...args: infer A) => infer R
    ? (...args: A) => Promise<Awaited<R>>
    : never
}

/** The COS server of cos-process.ts. */
export interface RemoteCos extends AsyncDisposable {
  readonly ask: Remote<CosMethods>
  readonly url: string
  readonly bucket: string
  readonly credentials: CosCredentials
  /** Options of `cos()`. */
  readonly options: Parameters<typeof cos>[0]
  end(key: string): End
}

/** @param dir keeps its objects while it runs */
export async function remoteCos(dir: string): Promise<RemoteCos> {
  const child = fork(script, [dir], { cwd: packageRoot, execArgv: ['--import', 'tsx'] })
  await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error('the COS server did not start'))),
  ])
  const ask = remote(child)
  const { url, bucket, credentials } = await ask.facts()
  const options = { endpoint: url, bucket, region: 'ap-guangzhou', credentials }
  return {
    ask,
    url,
    bucket,
    credentials,
    options,
    end: (key) => ({ kind: 'cos', key, options }),
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null) return
      const exit = once(child, 'exit')
      child.disconnect()
      await exit
    },
  }
}

function remote(child: ChildProcess): Remote<CosMethods> {
  interface Answer {
    readonly id: number
    readonly result?: unknown
    readonly error?: string
  }
  const waiting = new Map<number, (answer: Answer) => void>()
  let asked = 0
  child.on('message', (answer: Answer) => waiting.get(answer.id)?.(answer))
  child.on('exit', () => {
    for (const [id, settle] of waiting) settle({ id, error: 'the COS server has ended' })
  })
  const call = async (method: string, args: unknown[]) => {
    const id = ++asked
    const answer = await new Promise<Answer>((resolve) => {
      waiting.set(id, resolve)
      child.send({ id, method, args })
    })
    waiting.delete(id)
    if (answer.error !== undefined) throw new Error(answer.error)
    return answer.result
  }
  return new Proxy({} as Remote<CosMethods>, {
    get:
      (_, method: string) =>
      (...args: unknown[]) =>
        call(method, args),
  })
}
