import { decodeCheckpoint, encodeCheckpoint } from '../../src/resume/checkpoint'
import { fileCheckpoints } from '../../src/resume/index'
import { checkpoint, receipts } from './checkpoints'

// Run by the kill test: saves one revision after the other, and names each that was saved.
const [folder, id] = process.argv.slice(2) as [string, string]
const store = fileCheckpoints(folder)
const parts = receipts(2000)
let revision = decodeCheckpoint(await store.load(id))?.revision ?? 0
for (;;) {
  revision++
  await store.save(id, encodeCheckpoint(checkpoint({ revision, parts: parts.slice(0, revision % 2000) })))
  process.stdout.write(`${revision}\n`)
}
