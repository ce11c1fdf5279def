import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { Connector } from '../../src/connectors/connector.ts'
import { loadConnectors } from '../../src/connectors/index.ts'
import type { JsonObject } from '../../src/flow/json.ts'
import { type Excerpt, operationOf, problemsIn } from './openapi/document.ts'
import { requestsOf } from './vendor-requests.ts'

/**
 * Every request of a connector against what its vendor publishes as an OpenAPI document: the path exists under that
 * method, and takes the query and the body that the connector renders. See openapi/excerpt.ts for where they are from.
 */

const folder = join(import.meta.dirname, 'openapi', 'excerpts')
const connectors = new Map(loadConnectors().map((connector) => [connector.name, connector]))

/** What every list takes by another page than the list's own. */
const ofLists: Record<string, string[]> = {
  bitbucket: ['pagelen'], // https://developer.atlassian.com/cloud/bitbucket/rest/intro/#pagination
}

/** What a document lacks or has otherwise: what its judge then says, and where the vendor says that the connector is right. */
interface Difference {
  problems: string[]
  why: string
}

const absent = 'is not in the document'
const differences: Record<string, Record<string, Difference>> = {
  bitbucket: {
    'actions.create_pull_request': {
      problems: ['body: "description" is unknown'],
      why: 'described in words; https://developer.atlassian.com/cloud/bitbucket/rest/api-group-pullrequests/',
    },
    'actions.run_pipeline': {
      problems: ['body.target: "ref_type" is unknown', 'body.target: "ref_name" is unknown'],
      why: 'shown by examples; https://developer.atlassian.com/cloud/bitbucket/rest/api-group-pipelines/',
    },
    ...ofTrigger(['create', 'update'], {
      problems: ['the body is sent as json, and taken as none'],
      why: 'described in words; https://developer.atlassian.com/cloud/bitbucket/rest/api-group-repositories/',
    }),
  },
  microsoft_graph: {
    'actions.send_mail': {
      problems: ['body: "message" is unknown'],
      why: 'written as "Message"; https://learn.microsoft.com/en-us/graph/api/user-sendmail',
    },
    'actions.list_files': {
      problems: [absent],
      why: 'only by drive; https://learn.microsoft.com/en-us/graph/api/driveitem-list-children',
    },
  },
  clickup: ofTrigger(['update', 'resume'], {
    problems: ['body.events: must be string'],
    why: 'described as a list, or "*" for all; https://developer.clickup.com/reference/updatewebhook',
  }),
  sendgrid: ofTrigger(['ping'], {
    problems: ['body: "id" is unknown'],
    why: 'newer; https://www.twilio.com/docs/sendgrid/api-reference/webhooks',
  }),
}

/** Documents that are about a part of the vendor's API. */
const parts: Record<string, RegExp> = {
  whatsapp: /^(actions|webhook_trigger)/,
}

function ofTrigger(calls: readonly string[], difference: Difference): Record<string, Difference> {
  return Object.fromEntries(calls.map((call) => [`webhook_trigger.${call}`, difference]))
}

const files = readdirSync(folder)

test('the vendors that publish such a document are judged by it', () => {
  assert.ok(files.includes('github.json') && files.includes('stripe.json'))
  for (const file of files) assert.ok(connectors.has(file.replace('.json', '')), file)
})

for (const file of files) {
  const connector = connectors.get(file.replace('.json', ''))!
  const excerpt = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Excerpt
  const { title, version } = excerpt.source
  describe(`${connector.name}, by ${title} ${version}`, () => {
    const known = differences[connector.name] ?? {}
    const requests = requestsOf(connector).filter(({ name }) => parts[connector.name]?.test(name) ?? true)
    const rules = {
      given: givenBy(connector),
      ofLists: ofLists[connector.name],
    }
    for (const request of requests) {
      test(request.name, () => {
        const operation = operationOf(excerpt, request)
        const problems = operation === undefined ? [absent] : problemsIn(operation, request, rules)
        const expected = known[request.name]?.problems ?? []
        assert.deepEqual(
          problems,
          expected,
          `${request.method} ${new URL(request.url).pathname}: ${problems.join(', ')}`,
        )
      })
    }
  })
}

/** Query parameters that the credential puts on every request. */
function givenBy({ auth_config }: Connector): string[] {
  return Object.values(auth_config).flatMap((config) => Object.keys(config?.query ?? {}))
}

test('the judge tells a path, a method, a member, a type and a media type that are wrong', () => {
  const github = connectors.get('github')!
  const excerpt = JSON.parse(readFileSync(join(folder, 'github.json'), 'utf8')) as Excerpt
  const create = requestsOf(github).find(({ name }) => name === 'webhook_trigger.create')!
  const operation = operationOf(excerpt, create)!
  const rules = { given: [] }
  assert.deepEqual(problemsIn(operation, create, rules), [])
  assert.equal(operationOf(excerpt, { ...create, url: create.url.replace('/hooks', '/hook') }), undefined)
  assert.equal(operationOf(excerpt, { ...create, method: 'PATCH' }), undefined)
  const body = create.body as JsonObject
  const problemsOf = (changes: Partial<typeof create>) => problemsIn(operation, { ...create, ...changes }, rules)
  assert.deepEqual(problemsOf({ body: { ...body, evnts: [] } }), ['body: "evnts" is unknown'])
  assert.deepEqual(problemsOf({ body: { ...body, config: { adress: 'x' } } }), ['body.config: "adress" is unknown'])
  assert.deepEqual(problemsOf({ body: { ...body, events: { push: true } } }), ['body.events: must be array'])
  assert.deepEqual(problemsOf({ url: `${create.url}?pagee=1` }), ['query pagee is unknown'])
  assert.deepEqual(problemsOf({ bodyType: 'form' }), ['the body is sent as form, and taken as application/json'])
})
