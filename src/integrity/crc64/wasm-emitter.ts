/**
 * Just enough of the WebAssembly binary format to write a few functions down by hand, in the folded order of the
 * text format: `i64.xor(a, b)` is the code of `a`, the code of `b`, the opcode. So no compiler is needed to build the
 * package, and nothing opaque is shipped in it.
 */
export type Code = readonly number[]

export type ValueType = 'i32' | 'i64'

export interface WasmFunction {
  readonly name: string
  readonly parameters: readonly ValueType[]
  readonly result?: ValueType
  /** Beside the parameters, and numbered after them. */
  readonly locals?: readonly ValueType[]
  readonly body: Code
}

const typeCodes = { i32: 0x7f, i64: 0x7e } as const
const EMPTY = 0x40
const END = 0x0b

/** LEB128, the variable-length integers of the format. */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)]
}

function signed(value: bigint): number[] {
  const byte = Number(value & 0x7fn)
  // The last byte's second-highest bit is the sign: without this test, 64 would be read back as -64.
  if (value >= -64n && value < 64n) return [byte]
  return [byte | 0x80, ...signed(value >> 7n)]
}

const operator =
  (...opcode: number[]) =>
  (...operands: readonly Code[]): Code => [...operands.flat(), ...opcode]

// An alignment of 0 promises nothing: an address that is a multiple of no power of two is read correctly all the same.
const load =
  (...opcode: number[]) =>
  (address: Code, offset = 0): Code => [...address, ...opcode, 0, ...unsigned(offset)]

const store =
  (...opcode: number[]) =>
  (address: Code, value: Code, offset = 0): Code => [...address, ...value, ...opcode, 0, ...unsigned(offset)]

export const local = {
  get: (index: number): Code => [0x20, ...unsigned(index)],
  set: (index: number, value: Code): Code => [...value, 0x21, ...unsigned(index)],
}

export const i32 = {
  const: (value: number): Code => [0x41, ...signed(BigInt(value))],
  lessUnsigned: operator(0x49),
  lessOrEqualUnsigned: operator(0x4d),
  add: operator(0x6a),
  subtract: operator(0x6b),
  and: operator(0x71),
  shiftLeft: operator(0x74),
  wrap: operator(0xa7),
} as const

export const i64 = {
  const: (value: bigint): Code => [0x42, ...signed(value)],
  load: load(0x29),
  load8Unsigned: load(0x31),
  xor: operator(0x85),
  shiftRightUnsigned: operator(0x88),
} as const

export const v128 = {
  load: load(0xfd, 0x00),
  store: store(0xfd, 0x0b),
  xor: operator(0xfd, 0x51),
} as const

/** Runs `body` as long as `condition` holds, which is asked first. */
export function whileLoop(condition: Code, ...body: readonly Code[]): Code {
  const [LOOP, IF, BRANCH] = [0x03, 0x04, 0x0c]
  return [LOOP, EMPTY, ...condition, IF, EMPTY, ...body.flat(), BRANCH, 1, END, END]
}

const bytesOf = (text: string): number[] => [...new TextEncoder().encode(text)]
const vector = (items: readonly (readonly number[])[]): number[] => [
  ...unsigned(items.length),
  ...items.flat(),
]
const sized = (content: readonly number[]): number[] => [...unsigned(content.length), ...content]
const section = (id: number, content: readonly number[]): number[] => [id, ...sized(content)]

/** The bytes of a module that exports `functions` and, as `memory`, a memory of exactly `pages` times 64 KiB. */
export function emitModule(pages: number, functions: readonly WasmFunction[]): Uint8Array<ArrayBuffer> {
  const [FUNCTION_TYPE, FUNCTION_EXPORT, MEMORY_EXPORT, WITH_MAXIMUM] = [0x60, 0x00, 0x02, 0x01]
  const codes = (types: readonly ValueType[]) => vector(types.map((type) => [typeCodes[type]]))
  const types = functions.map((f) => [
    FUNCTION_TYPE,
    ...codes(f.parameters),
    ...codes(f.result ? [f.result] : []),
  ])
  const exports = functions.map((f, index) => [
    ...sized(bytesOf(f.name)),
    FUNCTION_EXPORT,
    ...unsigned(index),
  ])
  const bodies = functions.map((f) => {
    const locals = vector((f.locals ?? []).map((type) => [1, typeCodes[type]]))
    return sized([...locals, ...f.body, END])
  })
  return Uint8Array.from([
    ...bytesOf('\0asm'),
    ...[1, 0, 0, 0],
    ...section(1, vector(types)),
    ...section(3, vector(functions.map((_, index) => unsigned(index)))),
    ...section(5, vector([[WITH_MAXIMUM, ...unsigned(pages), ...unsigned(pages)]])),
    ...section(7, vector([[...sized(bytesOf('memory')), MEMORY_EXPORT, 0], ...exports])),
    ...section(10, vector(bodies)),
  ])
}
