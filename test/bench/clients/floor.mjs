import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { measure, movePartsOf, setting } from './measure.mjs'

/**
 * The least that a process of Node can do to move bytes from one server to another: two sockets for each worker, reads
 * into one buffer that is used again and again, each written as it is. Nothing is signed, looked at or tried again.
 */
const { from, to } = setting

class Line {
  constructor(endpoint) {
    const { hostname, port, protocol } = new URL(endpoint)
    const open = protocol === 'https:' ? connectTls : connect
    const buffer = Buffer.allocUnsafeSlow(256 * 1024)
    const callback = (length) => this.take(buffer.subarray(0, length))
    this.socket = open({ host: hostname, port: Number(port), onread: { buffer, callback } })
    this.socket.setNoDelay()
    this.host = `${hostname}:${port}`
  }

  request(method, path, headers = {}) {
    const lines = Object.entries({ host: this.host, ...headers }).map((pair) => pair.join(': '))
    this.socket.write([`${method} ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n'))
  }

  /** The head of the answer; what comes of its body goes to `body`. */
  head(body) {
    return new Promise((resolve, reject) => {
      let held = Buffer.alloc(0)
      this.take = (bytes) => {
        held = Buffer.concat([held, bytes])
        const end = held.indexOf('\r\n\r\n')
        if (end < 0) return true
        const head = held.toString('latin1', 0, end)
        if (!/^HTTP\/1.1 20[06] /.test(head)) reject(new Error(head))
        resolve(head)
        this.take = body
        return end + 4 < held.length ? body(held.subarray(end + 4)) : true
      }
    })
  }

  /** A small answer, as a text. */
  async answer() {
    const chunks = []
    let size = 0
    let came = () => {}
    const head = await this.head((bytes) => {
      chunks.push(Buffer.from(bytes))
      size += bytes.length
      came()
      return true
    })
    const expected = Number(/^content-length: (\d+)$/im.exec(head)[1])
    while (size < expected) {
      await new Promise((resolve) => {
        came = resolve
      })
    }
    return head + Buffer.concat(chunks)
  }
}

const path = ({ kind, options, key }) => (kind === 's3' ? `/${options.bucket}/${key}` : `/${key}`)

/** Pushes what comes in to the other line; a read waits until the one before it is written. */
function pump(source, sink, size) {
  let left = size
  return new Promise((resolve, reject) => {
    const write = (bytes) => {
      left -= bytes.length
      const last = left === 0
      sink.socket.write(bytes, () => (last ? resolve() : source.socket.resume()))
      return last
    }
    source.head(write).catch(reject)
  })
}

await measure(async () => {
  const lines = Array.from({ length: setting.concurrency }, () => ({
    source: new Line(from.options.endpoint),
    sink: new Line(to.options.endpoint),
  }))
  const { sink: control } = lines[0]
  control.request('POST', `${path(to)}?uploads`)
  const id = /<UploadId>(.*)<\/UploadId>/.exec(await control.answer())[1]
  const parts = await movePartsOf(setting, async ({ index, start, end }, worker) => {
    const { source, sink } = lines[worker]
    source.request('GET', path(from), { range: `bytes=${start}-${end - 1}` })
    sink.request('PUT', `${path(to)}?partNumber=${index + 1}&uploadId=${id}`, {
      'content-length': end - start,
    })
    await pump(source, sink, end - start)
    return { number: index + 1, etag: /^etag: (.*)$/im.exec(await sink.answer())[1] }
  })
  const list = parts.map(
    ({ number, etag }) => `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`,
  )
  const body = `<CompleteMultipartUpload>${list.join('')}</CompleteMultipartUpload>`
  control.request('POST', `${path(to)}?uploadId=${id}`, { 'content-length': body.length })
  control.socket.write(body)
  await control.answer()
})
process.exit()
