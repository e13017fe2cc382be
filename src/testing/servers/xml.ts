export type XmlContent = string | number | boolean | XmlElement[]
/** Name and content; an element without content is left out. */
export type XmlElement = readonly [name: string, content: XmlContent | undefined]

export function xmlDocument(name: string, content: XmlContent, namespace?: string): string {
  const attribute = namespace ? ` xmlns="${namespace}"` : ''
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${name}${attribute}>${inside(content)}</${name}>`
}

function inside(content: XmlContent): string {
  if (!Array.isArray(content)) return escapeXml(String(content))
  return content
    .map(([name, value]) => (value === undefined ? '' : `<${name}>${inside(value)}</${name}>`))
    .join('')
}

// Line ends and control characters as references, or a parser would normalise them, or refuse the document.
const special = /[&<>"'\p{Cc}]/gu
const named: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' }

const escapeXml = (text: string): string =>
  text.replace(special, (char) => named[char] ?? `&#x${char.charCodeAt(0).toString(16)};`)

/** The texts of every element of that name, wherever it stands. Enough for the request bodies of both dialects. */
export function textsOf(xml: string, name: string): string[] {
  const pattern = new RegExp(`<(?:\\w+:)?${name}(?:\\s[^>]*)?>([\\s\\S]*?)</(?:\\w+:)?${name}>`, 'g')
  return [...xml.matchAll(pattern)].map((match) => match[1] ?? '')
}

export const unescapeXml = (text: string): string =>
  text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(amp|lt|gt|quot|apos));/gi, (_, hex, decimal, name) => {
    if (hex) return String.fromCodePoint(Number.parseInt(hex, 16))
    if (decimal) return String.fromCodePoint(Number(decimal))
    return { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }[String(name).toLowerCase()] ?? ''
  })
