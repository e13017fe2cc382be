import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { onTestFinished } from 'vitest'
import type { DiagnosticMessages } from '../../src'

/** What is published on a channel until the test has ended. */
export function messagesOf<Name extends keyof DiagnosticMessages>(name: Name): DiagnosticMessages[Name][] {
  const messages: DiagnosticMessages[Name][] = []
  const listener = (message: unknown) => void messages.push(message as DiagnosticMessages[Name])
  subscribe(name, listener)
  onTestFinished(() => void unsubscribe(name, listener))
  return messages
}
