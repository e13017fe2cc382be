import { serve } from './http-exchange'
import { Objects } from './objects'
import { answerer, type Dialect } from './operations'

const dialects: Record<string, Dialect> = {
  s3: {
    prefix: 'x-amz-',
    locate(path) {
      const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(path) ?? []
      return { bucket, key }
    },
    digestHeaders: () => ({}),
  },
  cos: {
    prefix: 'x-cos-',
    locate: (path) => ({ bucket: 'archive-1250000000', key: path.slice(1) }),
    digestHeaders: ({ crc64 }) => ({ 'x-cos-hash-crc64ecma': crc64 }),
  },
}

/** One server, in a process of its own: `main.ts s3|cos http|https`. It ends with its parent. */
const [, , dialect = '', protocol] = process.argv
const objects = new Objects()
const port = await serve(protocol === 'https', answerer(objects, dialects[dialect]!))
process.on('disconnect', () => process.exit())
process.on('message', (prefix: string) => process.send!(objects.take(prefix)))
process.send!(port)
