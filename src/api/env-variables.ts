import { z } from 'zod'
import { AppError } from '../errors.ts'
import { type Json, stringifyJson } from '../flow/json.ts'
import { refProblem } from '../flow/ref.ts'
import type { EnvVariable } from '../storage/env-variables.ts'
import type { ApiDeps } from './api-deps.ts'
import { setEtag } from './if-match.ts'
import { type Route, route } from './route.ts'
import { instant, json, timestamp } from './shapes.ts'

const variableAnswer = z.object({ name: z.string(), value: json, updated_at: timestamp })

/** Every flow of the account keeps all of them in memory. */
export const maxValueBytes = 64 * 1024

/** `/v1/env-variables`: values that all templates of the account see by their name. */
export function envVariableRoutes({ storage, now }: ApiDeps): Route[] {
  const { envVariables } = storage
  const byName = z.object({ name: z.string().max(64) })

  function check(name: string, value: Json): void {
    const problem = refProblem(name)
    if (problem !== undefined) throw new AppError('invalid_request', `name: ${problem}`)
    if (Buffer.byteLength(stringifyJson(value)) > maxValueBytes) {
      throw new AppError('invalid_request', `value: it is larger than ${maxValueBytes} bytes`)
    }
  }

  return [
    route({
      method: 'GET',
      path: '/env-variables',
      access: 'automation.view',
      summary: 'Lists the env variables',
      answer: z.object({ data: z.array(variableAnswer), next_cursor: z.null() }),
      async run({ caller }) {
        const all = await envVariables.list(caller.accountId)
        return { data: all.map(variableJson), next_cursor: null }
      },
    }),
    route({
      method: 'POST',
      path: '/env-variables',
      access: 'automation.manage',
      summary: 'Adds an env variable',
      body: z.strictObject({ name: z.string(), value: json }),
      status: 201,
      etag: true,
      answer: variableAnswer,
      async run({ caller, body: { name, value }, reply }) {
        check(name, value)
        const variable = await envVariables.create(caller.accountId, name, value, now())
        setEtag(reply, variable)
        return variableJson(variable)
      },
    }),
    route({
      method: 'GET',
      path: '/env-variables/:name',
      access: 'automation.view',
      summary: 'Gets an env variable',
      params: byName,
      etag: true,
      answer: variableAnswer,
      async run({ caller, params, reply }) {
        const variable = await envVariables.find(caller.accountId, params.name)
        if (variable === undefined) throw noSuchVariable()
        setEtag(reply, variable)
        return variableJson(variable)
      },
    }),
    route({
      method: 'PUT',
      path: '/env-variables/:name',
      access: 'automation.manage',
      summary: 'Sets an env variable, new or not; with If-Match only one that is there',
      params: byName,
      ifMatch: 'optional',
      body: z.strictObject({ value: json }),
      etag: true,
      answer: variableAnswer,
      async run({ caller, params: { name }, body: { value }, ifMatch, reply }) {
        check(name, value)
        const variable = await envVariables.set(caller.accountId, name, value, now(), ifMatch)
        setEtag(reply, variable)
        return variableJson(variable)
      },
    }),
    route({
      method: 'DELETE',
      path: '/env-variables/:name',
      access: 'automation',
      summary: 'Deletes an env variable',
      params: byName,
      ifMatch: 'optional',
      async run({ caller, params, ifMatch }) {
        if (!(await envVariables.delete(caller.accountId, params.name, ifMatch))) throw noSuchVariable()
      },
    }),
  ]
}

function noSuchVariable(): AppError {
  return new AppError('not_found', 'there is no such env variable')
}

function variableJson({ name, value, updatedAt }: EnvVariable): z.input<typeof variableAnswer> {
  return { name, value, updated_at: instant(updatedAt) }
}
