/**
 * The version token of an object: its version id where the bucket is versioned, else its quoted ETag. The quotes tell
 * one from the other. `null`, the id a bucket gives while versioning is off or suspended, names whatever was written
 * last and so pins nothing.
 */
export function versionToken(etag: string, versionId?: string): string {
  if (versionId && versionId !== 'null') return versionId
  return `"${etag.replaceAll('"', '')}"`
}

/** How a request is pinned to a version token: a query parameter or an `If-Match` header. */
export function versionPin(version: string | undefined): { versionId?: string; ifMatch?: string } {
  if (!version) return {}
  return version.startsWith('"') ? { ifMatch: version } : { versionId: version }
}
