import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import { AppError } from './errors.ts'

const built = join(import.meta.dirname, '../web/dist')

/** File names under `assets/` carry a hash of their content, so a browser never asks for one twice. */
const forever = 'public, max-age=31536000, immutable'

/**
 * Serves the built web interface from the same process and port: its files, and its one page at every address that is
 * neither a file nor under `/v1`. Compressed copies made by the build are preferred. Returns whether there is one.
 */
export async function serveWeb(http: FastifyInstance): Promise<boolean> {
  if (!existsSync(join(built, 'index.html'))) return false
  const page = readFileSync(join(built, 'index.html'))
  await http.register(fastifyStatic, {
    root: built,
    wildcard: false,
    index: false,
    preCompressed: true,
    cacheControl: false,
    globIgnore: ['index.html', '**/*.br', '.*', '.vite/**'],
    setHeaders(reply, path) {
      reply.header('cache-control', path.includes('/assets/') ? forever : 'no-cache')
    },
  })
  http.get('/*', { config: { access: 'public' } }, async (request, reply) => {
    const path = request.url.split('?', 1)[0] ?? ''
    // No page's address ends like a file's name.
    const isPage = !/^\/(v1|assets|healthz|readyz|metrics)(\/|$)|\.[a-z0-9]{2,5}$/i.test(path)
    if (!isPage) throw new AppError('not_found', 'there is nothing at this address')
    return reply.header('cache-control', 'no-cache').type('text/html; charset=utf-8').send(page)
  })
  return true
}
