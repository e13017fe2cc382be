/** Everything but letters, digits and `-._~`, as the signatures of both services want it. */
export const percentEncode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

/** The same for a key, whose slashes stay. */
export const percentEncodePath = (key: string): string => percentEncode(key).replaceAll('%2F', '/')
