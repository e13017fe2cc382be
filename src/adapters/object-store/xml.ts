/** Elements by name: every name leads to all its elements, each either text or more elements. */
export interface XmlElement {
  readonly text: string
  readonly children: ReadonlyMap<string, readonly XmlElement[]>
}

const token = /<\?[^>]*\?>|<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<(\/?)([^\s/>]+)[^>]*?(\/?)>/g

/**
 * Reads a reply of COS: elements and text, no attributes. Nothing is trimmed or turned into numbers, since a key may
 * be ` 007 `; a reply that was cut off is an error, since half a list looks like a whole one.
 * @throws Error for anything but one complete element
 */
export function parseXml(xml: string): { name: string; root: XmlElement } {
  const open: Open[] = [{ name: '', text: '', children: new Map() }]
  let end = 0
  for (const match of xml.matchAll(token)) {
    const [whole, cdata, closing, name, empty] = match
    const current = open.at(-1)!
    current.text += unescapeXml(xml.slice(end, match.index)) + (cdata ?? '')
    end = match.index + whole.length
    if (name === undefined) continue
    if (closing) {
      if (open.length < 2 || name !== current.name) throw new Error(`The reply closes <${name}> unopened.`)
      open.pop()
    } else {
      const element: Open = { name, text: '', children: new Map() }
      const siblings = current.children.get(name)
      if (siblings) siblings.push(element)
      else current.children.set(name, [element])
      if (!empty) open.push(element)
    }
  }
  const [[name, [root]] = ['', []]] = [...open[0]!.children]
  if (open.length > 1 || !root) throw new Error('The reply is no XML, or was cut off.')
  return { name, root }
}

interface Open extends XmlElement {
  name: string
  text: string
  children: Map<string, Open[]>
}

/** The text of the first element of that name. */
export function textOf(element: XmlElement | undefined, name: string): string | undefined {
  return element?.children.get(name)?.[0]?.text
}

const named: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

function unescapeXml(text: string): string {
  return text.replace(/&(?:#x([\da-f]+)|#(\d+)|(lt|gt|amp|quot|apos));/gi, (whole, hex, decimal, name) => {
    if (name) return named[name.toLowerCase()] ?? whole
    const code = hex ? Number.parseInt(hex, 16) : Number(decimal)
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
}
