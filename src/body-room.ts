import type { FastifyInstance } from 'fastify'
import { AppError } from './errors.ts'
import { createRoom } from './room.ts'

/** Bodies up to this need no room: as many as there may be connections fit into memory. */
const smallBytes = 64 * 1024
/** A body in chunks does not say how large it will be; most of them are small. */
const unsaidBytes = 1024 * 1024
/** Of all larger bodies together. One becomes a value, a row and a record or two, and takes several times its size until its answer is out. */
const roomBytes = 40 * 1024 * 1024
/** A sender waits so long for room before it is sent away. */
const patienceMs = 5_000

/**
 * Bounds how much of large bodies is in memory at a time: who has one waits until there is room, with nothing of it read,
 * and is answered 503 when that takes too long. The room is left when the answer is out or the sender gone.
 */
export function registerBodyRoom(http: FastifyInstance, maxBodyBytes: number): void {
  const room = createRoom({ bytes: Math.max(roomBytes, maxBodyBytes), waitMs: patienceMs, full: tooFull })
  // Not async: nearly all requests need no room, and a promise each is noticed.
  http.addHook('preParsing', (request, reply, payload, done) => {
    const bytes = announcedBytes(request.headers)
    if (bytes <= smallBytes) return done(null, payload)
    room.enter(Math.min(bytes, maxBodyBytes)).then((leave) => {
      // Gone while it waited.
      if (reply.raw.closed) leave()
      else reply.raw.once('close', leave)
      done(null, payload)
    }, done)
  })
}

function announcedBytes(headers: Readonly<Record<string, unknown>>): number {
  if (headers['transfer-encoding'] !== undefined) return unsaidBytes
  const bytes = Number(headers['content-length'] ?? 0)
  // What is no number is refused by the server itself.
  return Number.isFinite(bytes) ? bytes : 0
}

function tooFull(): AppError {
  const message = 'there are as many large bodies under way as fit into memory'
  return new AppError('overloaded', message, { headers: { 'retry-after': '5' } })
}
