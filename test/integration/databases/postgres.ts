import { readdirSync } from 'node:fs'
import { type DatabaseServer, startDatabase } from './server-process'

/** A PostgreSQL from Debian's package `postgresql`, with the user postgres. */
export function startPostgres(): Promise<DatabaseServer> {
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
