import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const path = fileURLToPath(new URL('../../docs/performance.md', import.meta.url))

/** Puts each text between the markers of its name, `<!-- bench NAME -->`; what has no place there is left out. */
export async function writeDocument(texts: ReadonlyMap<string, string>): Promise<void> {
  const old = await readFile(path, 'utf8')
  const marked = /<!-- bench (\S+) -->\n[\s\S]*?<!-- \/bench -->/g
  const fresh = old.replace(marked, (all, name: string) => {
    const text = texts.get(name)
    return text === undefined ? all : `<!-- bench ${name} -->\n\n${text}\n\n<!-- /bench -->`
  })
  await writeFile(path, fresh)
}
