import { once } from 'node:events'
import * as http from 'node:http'
import type { Socket } from 'node:net'
import { lifecycle } from '../../../src/lifecycle'

/** Is handed a socket of another process, and has it come back to the agent as if a request had used it. */
process.once('message', async (port: number, handed: Socket) => {
  const { http: agent } = lifecycle.agents
  const back = handed.on('error', () => {})
  Object.assign(back, { _httpMessage: { shouldKeepAlive: true } })
  agent.emit('free', back, { host: '127.0.0.1', port })
  const request = http.get({ host: '127.0.0.1', port, agent, path: '/of-the-child' })
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  response.resume()
  process.send?.({ dropped: back.destroyed, reused: request.reusedSocket })
  process.disconnect()
})
