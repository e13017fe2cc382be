/** RFC 3986: everything but letters, digits and `-._~`, as both signature schemes want it. */
export const percentEncode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)

/** The same with `/` kept. */
export const percentEncodePath = (path: string): string => path.split('/').map(percentEncode).join('/')

/** @throws URIError for what is no UTF-8 */
export const percentDecode = (text: string): string => decodeURIComponent(text)

/** Header values arrive as latin1; clients send UTF-8. */
export const headerText = (value: string): string =>
  /[\u0080-\u00ff]/.test(value) ? Buffer.from(value, 'latin1').toString('utf8') : value
