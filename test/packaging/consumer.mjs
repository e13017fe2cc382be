// Every subpath has types for users of both formats. Takes the path of tsc.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const { exports } = createRequire(import.meta.url)('sluiceway/package.json')
const imports = Object.keys(exports)
  .filter((path) => path !== './package.json')
  .map((path, index) => `import * as m${index} from '${path.replace('.', 'sluiceway')}'\nvoid m${index}\n`)
  .join('')
const use = `import { TransferError, type TransferResult, transfer } from 'sluiceway'
import { memory } from 'sluiceway/memory'
export async function move(): Promise<TransferResult> {
  try {
    return await transfer(memory().source('a'), memory().sink('b'), { ifExists: 'fail' })
  } catch (error) {
    if (TransferError.is(error) && error.code === 'ALREADY_EXISTS') throw new Error(error.message)
    throw error
  }
}
// @ts-expect-error: an option that does not exist is refused
void transfer(memory().source('a'), memory().sink('b'), { overwrite: true })
`
writeFileSync('consumer.mts', imports + use)
writeFileSync('consumer.cts', imports + use)
const options = [
  '--noEmit',
  '--strict',
  '--module',
  'node16',
  '--target',
  'es2022',
  '--skipLibCheck',
  '--types',
  'node',
]
execFileSync(process.execPath, [process.argv[2], ...options, 'consumer.mts', 'consumer.cts'], {
  stdio: 'inherit',
})
console.log('has types for users of ESM and of CommonJS')
