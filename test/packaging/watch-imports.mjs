// With --import: reports every import of an optional peer on standard output.
import { register } from 'node:module'

const hooks = `
import { writeSync } from 'node:fs'
const peers = /^(@aws-sdk|@smithy|cos-nodejs-sdk-v5|bullmq|@opentelemetry)(\\/|$)/
export async function resolve(specifier, context, next) {
  if (peers.test(specifier)) writeSync(1, 'imports ' + specifier + '\\n')
  return next(specifier, context)
}`

register(`data:text/javascript,${encodeURIComponent(hooks)}`)
