import { TransferError } from '../contract/errors'

export function invalid(name: string, problem: string): TransferError {
  return new TransferError('INVALID_OPTION', `Option ${name} ${problem}.`, { context: { option: name } })
}

export function integer(
  name: string,
  value: unknown,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) {
    return value as number
  }
  const bounds = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`
  throw invalid(name, `must be an integer ${bounds}, but is ${show(value)}`)
}

export function optionalInteger(name: string, value: unknown, min: number, max?: number): number | undefined {
  return value === undefined ? undefined : integer(name, value, min, max)
}

export function oneOf<T extends string>(name: string, value: unknown, choices: readonly T[]): T {
  const choice = choices.find((one) => one === value)
  if (choice === undefined) {
    throw invalid(name, `must be one of '${choices.join("', '")}', but is ${show(value)}`)
  }
  return choice
}

/** An object with no other fields than the known ones: a misspelt option must not be ignored. */
export function fields<T extends object>(name: string, value: T, known?: readonly string[]): T {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(name, `must be an object, but is ${show(value)}`)
  }
  const unknown = known && Object.keys(value).find((field) => !known.includes(field))
  if (unknown !== undefined) {
    const option = name === 'options' ? unknown : `${name}.${unknown}`
    throw invalid(option, `is not known; there are ${known?.join(', ')}`)
  }
  return value
}

export function abortSignal(value: unknown): AbortSignal | undefined {
  const { aborted, addEventListener } = (value ?? {}) as Partial<AbortSignal>
  const fits = typeof aborted === 'boolean' && typeof addEventListener === 'function'
  if (value !== undefined && !fits) throw invalid('signal', `must be an AbortSignal, but is ${show(value)}`)
  return value as AbortSignal | undefined
}

export function callback<T>(name: string, value: T): T {
  if (value !== undefined && typeof value !== 'function') {
    throw invalid(name, `must be a function, but is ${show(value)}`)
  }
  return value
}

export function checkShape(name: string, value: unknown, methods: readonly string[]): void {
  const missing = methods.find((method) => typeof (value as Record<string, unknown>)?.[method] !== 'function')
  if (missing) {
    throw invalid(name, `must have a ${missing}() method; make one with store.${name}(key)`)
  }
}

export function show(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}
