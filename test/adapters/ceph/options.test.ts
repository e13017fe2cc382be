import { S3Client } from '@aws-sdk/client-s3'
import { describe, expect, it } from 'vitest'
import { type CephOptions, ceph } from '../../../src/adapters/ceph'
import { s3Server } from '../../../src/testing/servers'

const credentials = { accessKeyId: 'id', secretAccessKey: 'hush-hush' }
const options: CephOptions = { bucket: 'b', endpoint: 'http://127.0.0.1:1', credentials }

const refused = (changes: object) => {
  try {
    ceph({ ...options, ...changes } as CephOptions)
  } catch (error) {
    return error
  }
  throw new Error('the options were taken')
}

describe('the options of ceph()', () => {
  it.each([
    ['bucket', { bucket: '' }],
    ['bucket', { bucket: 'a/b' }],
    ['bucket', { bucket: undefined }],
    ['endpoint', { endpoint: undefined }],
    ['endpoint', { endpoint: 'rgw.example.com' }],
    ['endpoint', { endpoint: 'ftp://rgw.example.com' }],
    ['endpoint', { endpoint: 'http://user:hush-hush@rgw.example.com' }],
    ['endpoint', { endpoint: 'http://rgw.example.com/?a=b' }],
    ['credentials', { credentials: undefined }],
    ['credentials', { credentials: { accessKeyId: 'id' } }],
    ['credentials', { credentials: { secretId: 'id', secretKey: 'hush-hush' } }],
    ['credentials', { credentials: { ...credentials, sessionToken: 5 } }],
    ['region', { region: '' }],
    ['client', { client: {} }],
    ['limits.maxParts', { limits: { maxParts: 1.5 } }],
    ['limits.minPartSize', { limits: { minPartSize: 0 } }],
    ['limits.minPartSize', { limits: { minPartSize: 10, maxPartSize: 5 } }],
    ['limits.partSize', { limits: { partSize: 5 } }],
    ['lifecycle', { lifecycle: {} }],
    ['acl', { acl: 'public-read' }],
  ])('are refused at once, naming %s', (option, changes) => {
    const error = refused(changes)
    expect(error).toMatchObject({ code: 'INVALID_OPTION', context: { option } })
    expect(String(error)).toContain(option)
    expect(String(error)).not.toContain('hush-hush')
  })

  it('take tenants, and limits that the operator changed', () => {
    const store = ceph({ ...options, bucket: 'tenant:bucket', limits: { minPartSize: 1024, maxParts: 5 } })
    expect(store.name).toBe('ceph:tenant:bucket')
    expect(store.sink('k').capabilities).toMatchObject({
      minPartSize: 1024,
      maxParts: 5,
      maxObjectSize: 5 * 5 * 1024 ** 3,
      attests: ['md5'],
      createOnly: 'checked',
    })
  })

  it('refuse credentials of the wrong shape from a function, too', async () => {
    const store = ceph({ ...options, credentials: (async () => ({ secretId: 'x' })) as never })
    await expect(store.source('k').stat()).rejects.toMatchObject({ code: 'INVALID_OPTION' })
    await store.close()
  })

  it('refuse a NUL in a key, which the gateway does not take', () => {
    expect(() => ceph(options).sink('a\0b')).toThrow(expect.objectContaining({ code: 'INVALID_KEY' }))
  })
})

describe('a client that is handed in', () => {
  it.each(['requestChecksumCalculation', 'responseChecksumValidation'] as const)(
    'is refused before a byte moves where its %s cannot work',
    async (setting) => {
      await using server = await s3Server()
      const client = new S3Client({
        endpoint: server.url,
        region: 'default',
        credentials: server.credentials,
        forcePathStyle: true,
        requestChecksumCalculation: 'WHEN_REQUIRED',
        responseChecksumValidation: 'WHEN_REQUIRED',
        [setting]: 'WHEN_SUPPORTED',
      })
      const store = ceph({ bucket: server.bucket, client })
      for (const attempt of [
        store.source('k').stat(),
        store.sink('k').begin({ attributes: {}, createOnly: false }),
      ]) {
        await expect(attempt).rejects.toMatchObject({
          code: 'INVALID_OPTION',
          message: expect.stringMatching(new RegExp(`${setting}.*WHEN_REQUIRED`, 's')),
        })
      }
      expect(server.requests).toEqual([])
      client.destroy()
    },
  )

  it('is used as it is, and stays open', async () => {
    await using server = await s3Server()
    await server.put('k', 'abc')
    const client = new S3Client({
      endpoint: server.url,
      region: 'elsewhere',
      credentials: server.credentials,
      forcePathStyle: true,
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    })
    let destroyed = false
    const destroy = client.destroy.bind(client)
    client.destroy = () => {
      destroyed = true
    }
    const store = ceph({ bucket: server.bucket, client })
    expect(await store.source('k').stat()).toMatchObject({ size: 3 })
    await store.close()
    expect(destroyed).toBe(false)
    expect(await ceph({ bucket: server.bucket, client }).source('k').stat()).toMatchObject({ size: 3 })
    destroy()
  })
})
