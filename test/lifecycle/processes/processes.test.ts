import { type ChildProcess, fork } from 'node:child_process'
import cluster, { type Worker as ClusterWorker } from 'node:cluster'
import { once } from 'node:events'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { threadId, Worker } from 'node:worker_threads'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ceph } from '../../../src/adapters/ceph'
import { lifecycle } from '../../../src/lifecycle'
import { s3Server } from '../../../src/testing'
import { rawServer, reply } from '../../adapters/object-store/direct-get/raw-server'
import type { ChildFacts, ChildOptions } from './child'

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const execArgv = ['--import', 'tsx', '--no-warnings']

async function answerOf(child: ChildProcess | ClusterWorker, message: unknown): Promise<ChildFacts> {
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child, 'message')
  child.send(message as object)
  const [facts] = await once(child, 'message')
  return facts
}

const beginnings: Record<string, (options: ChildOptions) => Promise<ChildFacts>> = {
  'a process made by fork()': (options) => answerOf(fork(path('child.ts'), { execArgv }), options),
  async 'a worker of a cluster'(options) {
    cluster.setupPrimary({ exec: path('child.ts'), execArgv })
    return answerOf(cluster.fork(), options)
  },
  async 'a worker thread'(options) {
    const worker = new Worker(path('thread.mjs'), { workerData: options })
    const [facts] = await once(worker, 'message')
    await worker.terminate()
    return facts
  },
}

describe.each(Object.entries(beginnings))('%s', (_, begin) => {
  it('starts clean, and leaves the connections of its parent alone', async () => {
    const server = await s3Server()
    onTestFinished(() => server.close())
    await server.put('key', 'content')
    const { url: endpoint, bucket, credentials } = server
    const store = ceph({ bucket, endpoint, credentials })
    onTestFinished(() => store.close())
    await lifecycle.onTaskStart()
    await store.source('key').stat()
    const idle = () => Object.values(lifecycle.agents.http.freeSockets).flat().length
    expect(idle()).toBe(1)

    const facts = await begin({ endpoint, bucket, credentials })

    expect(facts).toMatchObject({ idleBefore: 0, bytes: 7, retries: 0, idleAfter: 1 })
    expect([facts.pid, facts.threadId]).not.toEqual([process.pid, threadId])
    expect(idle()).toBe(1)
    const { opened } = server.connections
    await store.source('key').stat()
    expect(server.connections.opened).toBe(opened)
  })
})

describe('a socket that was handed to another process', () => {
  it('is dropped there, and not written to', async () => {
    const server = await rawServer((socket) => socket.write(reply('x')))
    const own = connect(server.port, '127.0.0.1')
    await once(own, 'connect')
    own.write('GET /of-the-parent-1 HTTP/1.1\r\n\r\n')
    await once(own, 'data')

    const child = fork(path('receiver.ts'), { execArgv })
    onTestFinished(() => void child.kill('SIGKILL'))
    child.send(server.port, own, { keepOpen: true })
    const [said] = await once(child, 'message')

    expect(said).toEqual({ dropped: true, reused: false })
    expect(server.accepted).toBe(2)
    own.write('GET /of-the-parent-2 HTTP/1.1\r\n\r\n')
    expect(String(await once(own, 'data'))).toContain('x')
    const lines = server.requests.map((request) => request.split('\r\n')[0])
    expect(lines).toEqual([
      'GET /of-the-parent-1 HTTP/1.1',
      'GET /of-the-child HTTP/1.1',
      'GET /of-the-parent-2 HTTP/1.1',
    ])
  })
})
