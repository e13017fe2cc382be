import { readdirSync } from 'node:fs'
import type { Database } from './real-database'
import { type DatabaseServer, startDatabase } from './server-process'

/** From Debian's package, with the user postgres. */
export const postgres: Database = {
  name: 'PostgreSQL',
  commands: ['psql', 'setpriv'],
  packages: ['postgresql'],
  start,
}

function start(): Promise<DatabaseServer> {
  const release = readdirSync('/usr/lib/postgresql').sort().at(-1)
  const bin = `/usr/lib/postgresql/${release}/bin`
  // It refuses to run as root.
  const as =
    process.getuid?.() === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'] : []
  return startDatabase({
    prepare: (dir) => [
      ...as,
      `${bin}/initdb`,
      '--pgdata',
      `${dir}/data`,
      '--username=postgres',
      '--auth=trust',
    ],
    serve: (dir, port) => [
      ...[...as, `${bin}/postgres`, '-D', `${dir}/data`, '-p', `${port}`, '-k', dir, '-h', '127.0.0.1'],
      ...['-c', 'fsync=off', '-c', 'shared_buffers=16MB'],
    ],
    ask: (dir, port, statements) => [
      ...['psql', '--host', dir, '--port', `${port}`, '--username=postgres', '--no-align', '--tuples-only'],
      ...['--command', statements],
    ],
  })
}
