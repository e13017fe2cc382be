import { type DatabaseServer, startDatabase } from './server-process'

/** A MariaDB from Debian's package `mariadb-server`, with an empty database `test` and the user root. */
export async function startMariaDb(): Promise<DatabaseServer> {
  const user = process.getuid?.() === 0 ? ['--user=root'] : []
  const server = await startDatabase({
    prepare: (dir) => [
      ...['mariadb-install-db', '--no-defaults', `--datadir=${dir}/data`, '--skip-test-db', ...user],
      '--auth-root-authentication-method=normal',
    ],
    serve: (dir, port) => [
      ...['/usr/sbin/mariadbd', '--no-defaults', `--datadir=${dir}/data`, `--socket=${dir}/socket`, ...user],
      ...['--bind-address=127.0.0.1', `--port=${port}`, '--skip-log-bin', '--innodb-buffer-pool-size=16M'],
    ],
    ask: (dir, _port, statements) => [
      ...['mariadb', '--no-defaults', `--socket=${dir}/socket`, '--user=root', '--skip-column-names'],
      ...['--execute', statements],
    ],
  })
  server.ask('CREATE DATABASE test; CREATE TABLE test.jobs (id INT PRIMARY KEY, state TEXT)')
  return server
}
