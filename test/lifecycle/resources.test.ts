import { describe, expect, it } from 'vitest'
import { createLifecycle, type Resource } from '../../src/lifecycle'

interface Connection {
  readonly name: string
}

/** A pool that says what became of its connections. */
function pool(names: string[], change: Partial<Resource<Connection>> = {}) {
  const idle = new Set(names.map((name): Connection => ({ name })))
  const asked: string[] = []
  const discarded: string[] = []
  const resource: Resource<Connection> = {
    name: 'pool',
    idle: () => idle,
    isUsable({ name }) {
      asked.push(name)
      return true
    },
    discard(connection) {
      idle.delete(connection)
      discarded.push(connection.name)
    },
    ...change,
  }
  return { resource, idle, asked, discarded }
}

describe('a registered resource', () => {
  it('has its idle connections asked at the start of a task, and keeps those that answer', async () => {
    const lifecycle = createLifecycle()
    const { resource, asked, discarded } = pool(['a', 'b'])
    lifecycle.register(resource)
    await lifecycle.onTaskStart()
    expect(asked).toEqual(['a', 'b'])
    expect(discarded).toEqual([])
  })

  it.each<[string, Resource<Connection>['isUsable']]>([
    ['answer no', () => false],
    ['answer something else', () => 'yes' as never],
    [
      'throw',
      () => {
        throw new Error('gone away')
      },
    ],
    [
      'reject',
      async () => {
        throw new Error('gone away')
      },
    ],
    ['stay silent', () => new Promise(() => {})],
  ])('loses those that %s', async (_, isUsable) => {
    const lifecycle = createLifecycle({ isUsableTimeout: 30 })
    const { resource, discarded } = pool(['a', 'b'], { isUsable })
    lifecycle.register(resource)
    await lifecycle.onTaskStart()
    expect(discarded).toEqual(['a', 'b'])
  })

  it('loses all where it cannot ask', async () => {
    const lifecycle = createLifecycle()
    const { resource, discarded } = pool(['a', 'b'], { isUsable: undefined })
    lifecycle.register(resource)
    await lifecycle.onTaskStart()
    expect(discarded).toEqual(['a', 'b'])
  })

  it('has all asked at the same time', async () => {
    const lifecycle = createLifecycle({ isUsableTimeout: 10_000 })
    let waiting = 0
    let answer = (_: boolean) => {}
    const answers = new Promise<boolean>((resolve) => {
      answer = resolve
    })
    const isUsable = () => {
      waiting += 1
      if (waiting === 6) answer(true)
      return answers
    }
    lifecycle.register(pool(['a', 'b', 'c'], { isUsable }).resource)
    lifecycle.register(pool(['d', 'e', 'f'], { isUsable }).resource)
    await lifecycle.onTaskStart()
    expect(waiting).toBe(6)
  })

  it('keeps a connection that a task took while it was asked', async () => {
    const lifecycle = createLifecycle()
    const { resource, idle, discarded } = pool(['taken', 'left'], {
      async isUsable(connection) {
        if (connection.name === 'taken') idle.delete(connection)
        return false
      },
    })
    lifecycle.register(resource)
    await lifecycle.onTaskStart()
    expect(discarded).toEqual(['left'])
  })

  it('loses a connection once, however many tasks start, and though it goes on listing it', async () => {
    const lifecycle = createLifecycle()
    const connection = { name: 'a' }
    let asked = 0
    let discarded = 0
    lifecycle.register({
      name: 'careless',
      idle: () => [connection],
      async isUsable() {
        asked += 1
        return false
      },
      discard() {
        discarded += 1
      },
    })
    await Promise.all([lifecycle.onTaskStart(), lifecycle.onTaskStart(), lifecycle.onTaskStart()])
    await lifecycle.onTaskStart()
    lifecycle.onFork()
    expect({ asked, discarded }).toEqual({ asked: 1, discarded: 1 })
  })

  it('loses a connection past maxAge unasked', async () => {
    const lifecycle = createLifecycle({ maxAge: 40 })
    const { resource, asked, discarded } = pool(['a'])
    lifecycle.register(resource)
    await lifecycle.onTaskStart()
    expect(discarded).toEqual([])
    await new Promise((done) => setTimeout(done, 60))
    await lifecycle.onTaskStart()
    expect({ asked, discarded }).toEqual({ asked: ['a'], discarded: ['a'] })
  })

  it('loses all idle ones at a fork, unasked and at once', () => {
    const lifecycle = createLifecycle()
    const { resource, asked, discarded } = pool(['a', 'b'])
    lifecycle.register(resource)
    lifecycle.onFork()
    expect({ asked, discarded }).toEqual({ asked: [], discarded: ['a', 'b'] })
  })

  it('is forgotten when it is unregistered', async () => {
    const lifecycle = createLifecycle()
    const { resource, asked } = pool(['a'])
    const unregister = lifecycle.register(resource)
    unregister()
    unregister()
    await lifecycle.onTaskStart()
    expect(asked).toEqual([])
  })

  it.each<[string, Partial<Resource<Connection>>]>([
    [
      'list its connections',
      {
        idle: () => {
          throw new Error('broken')
        },
      },
    ],
    [
      'discard',
      {
        isUsable: () => false,
        discard: () => {
          throw new Error('broken')
        },
      },
    ],
    [
      'discard asynchronously',
      {
        isUsable: () => false,
        discard: (async () => {
          throw new Error('broken')
        }) as never,
      },
    ],
  ])('stops no task when it fails to %s', async (_, change) => {
    const lifecycle = createLifecycle()
    lifecycle.register(pool(['a'], change).resource)
    const sound = pool(['b'], { isUsable: () => false })
    lifecycle.register(sound.resource)
    await lifecycle.onTaskStart()
    lifecycle.onFork()
    expect(sound.discarded).toEqual(['b'])
  })

  it.each([undefined, {}, { idle() {} }, { idle() {}, discard() {}, isUsable: true }])(
    'must have its methods: %o',
    (resource) => {
      expect(() => createLifecycle().register(resource as never)).toThrowError(
        expect.objectContaining({ code: 'INVALID_OPTION' }),
      )
    },
  )
})
