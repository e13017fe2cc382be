/** What is used of WebAssembly. TypeScript has types for it only together with those of a browser. */
interface WebAssemblyApi {
  readonly Module: new (code: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: unknown }
}

export interface WasmMemory {
  readonly buffer: ArrayBuffer
  grow(pages: number): number
}

/**
 * Compiles and starts a module while the caller waits: a few milliseconds for a small one, once.
 *
 * @throws where WebAssembly is missing, cannot run the code or cannot have the memory.
 */
export function instantiate<Exports>(code: Uint8Array): Exports {
  const { Module, Instance } = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly
  return new Instance(new Module(code)).exports as Exports
}
