/** The `code` of an error, such as `'ENOENT'`; `undefined` where it has none, or one that is no text. */
export function errno(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' ? code : undefined
}
