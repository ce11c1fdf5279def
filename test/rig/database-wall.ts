import { connect, createServer, type Socket } from 'node:net'
import pg from 'pg'

/** A way to a database that the test can close, while the database itself lives on. */
export interface DatabaseWall {
  /** Of the database, through the wall. */
  url: string
  /** While it is true nothing that is sent arrives, and nobody is told. */
  silent: boolean
  /** Breaks all connections and refuses new ones, until it is opened again. */
  cut(): void
  open(): void
  close(): Promise<void>
}

export async function startDatabaseWall(target: string): Promise<DatabaseWall> {
  const { host, port, user, password, database: name } = new pg.Client(target)
  const sockets = new Set<Socket>()
  let isCut = false
  const server = createServer((client) => {
    if (isCut) return client.destroy()
    const upstream = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket))
    }
    client.on('data', (data) => wall.silent || upstream.write(data))
    upstream.on('data', (data) => client.write(data))
    client.on('close', () => upstream.destroy())
    return upstream.on('close', () => client.destroy())
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const address = server.address()
  if (address === null || typeof address !== 'object') throw new Error('the wall has no address')
  const credentials = password ? `${user}:${encodeURIComponent(password)}` : user
  const wall: DatabaseWall = {
    silent: false,
    url: `postgres://${credentials}@127.0.0.1:${address.port}/${name}`,
    cut() {
      isCut = true
      for (const socket of sockets) socket.destroy()
    },
    open() {
      isCut = false
    },
    async close() {
      wall.cut()
      await new Promise((closed) => server.close(closed))
    },
  }
  return wall
}
