/** Connections of the host, such as those of a database pool, which a lifecycle keeps fresh. */
export interface Resource<C> {
  /** For whoever debugs. */
  readonly name: string
  /** The connections nobody holds. Asked at each task start; a connection that was discarded must not come back. */
  idle(): Iterable<C>
  /**
   * Whether an idle connection still works. A throw, a rejection and silence count as no. Connections that a task takes
   * in the meantime are left to it.
   * @default none does, and every idle connection is discarded
   */
  isUsable?(connection: C): boolean | Promise<boolean>
  /** Drops an idle connection, without network I/O: it may be another process's, or its peer may be gone. */
  discard(connection: C): void
}
