import { describe, it } from 'vitest'
import { conformance } from '../../../src/testing/conformance'
import { memoryAdapter } from '../../testing/conformance/memory-adapter'

conformance({ describe, it }, memoryAdapter)
