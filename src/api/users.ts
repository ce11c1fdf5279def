import { z } from 'zod'
import { checkNewPassword } from '../access/passwords.ts'
import { AppError } from '../errors.ts'
import { roles, type User } from '../storage/users.ts'
import type { ApiDeps } from './api-deps.ts'
import { setEtag } from './if-match.ts'
import { type Route, route } from './route.ts'
import { byId, instant, pageOf, pageQuery, timestamp } from './shapes.ts'

const userAnswer = z.object({
  id: z.uuid(),
  email: z.string(),
  name: z.string(),
  role: z.enum(roles),
  disabled: z.boolean(),
  created_at: timestamp,
})

const name = z.string().trim().max(255)
const role = z.enum(roles)
const password = z.string().max(1_024)

/** `/v1/users`: the people of an account. What they change of themselves is in `/v1/session`. */
export function userRoutes({ storage, passwords, now }: ApiDeps): Route[] {
  const { users, sessions } = storage
  return [
    route({
      method: 'GET',
      path: '/users',
      access: 'company.view',
      summary: 'Lists the users of the account',
      query: z.object(pageQuery),
      answer: pageOf(userAnswer),
      async run({ caller, query }) {
        const { items, nextCursor } = await users.list(caller.accountId, query)
        return { data: items.map(userJson), next_cursor: nextCursor }
      },
    }),
    route({
      method: 'POST',
      path: '/users',
      access: 'company.manage',
      summary: 'Adds a user',
      body: z.strictObject({
        email: z.email().max(254),
        name: name.default(''),
        role: role.default('member'),
        password,
      }),
      status: 201,
      etag: true,
      answer: userAnswer,
      async run({ caller, body, reply }) {
        checkNewPassword(body.password)
        const passwordHash = await passwords.hash(body.password)
        const { email, name, role } = body
        const user = await users.create(caller.accountId, { email, name, role, passwordHash })
        setEtag(reply, user)
        return userJson(user)
      },
    }),
    route({
      method: 'GET',
      path: '/users/:id',
      access: 'company.view',
      summary: 'Gets a user',
      params: byId,
      etag: true,
      answer: userAnswer,
      async run({ caller, params, reply }) {
        const user = await users.find(caller.accountId, params.id)
        if (user === undefined) throw noSuchUser()
        setEtag(reply, user)
        return userJson(user)
      },
    }),
    route({
      method: 'PATCH',
      path: '/users/:id',
      access: 'company.manage',
      summary: 'Changes a user; who is disabled or gets a new password is signed out everywhere',
      params: byId,
      ifMatch: 'optional',
      body: z.strictObject({
        name: name.optional(),
        role: role.optional(),
        disabled: z.boolean().optional(),
        password: password.optional(),
      }),
      etag: true,
      answer: userAnswer,
      async run({ caller, params, body, ifMatch, reply }) {
        if (body.password !== undefined) checkNewPassword(body.password)
        const changes = {
          name: body.name,
          role: body.role,
          passwordHash: body.password === undefined ? undefined : await passwords.hash(body.password),
          disabledAt: body.disabled === undefined ? undefined : body.disabled ? now() : null,
        }
        const user = await users.update(caller.accountId, params.id, changes, ifMatch)
        if (body.disabled === true || body.password !== undefined) await sessions.endAll(user.id)
        setEtag(reply, user)
        return userJson(user)
      },
    }),
    route({
      method: 'DELETE',
      path: '/users/:id',
      access: 'company',
      summary: 'Deletes a user with their tokens and sessions; their flows stay',
      params: byId,
      ifMatch: 'optional',
      async run({ caller, params, ifMatch }) {
        if (!(await users.delete(caller.accountId, params.id, ifMatch))) throw noSuchUser()
      },
    }),
  ]
}

function noSuchUser(): AppError {
  return new AppError('not_found', 'there is no such user')
}

function userJson({ id, email, name, role, disabledAt, createdAt }: User): z.input<typeof userAnswer> {
  return { id, email, name, role, disabled: disabledAt !== null, created_at: instant(createdAt) }
}
