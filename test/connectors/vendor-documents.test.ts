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

/** Vendors that take as JSON what their documents have as a form. */
const alsoAsJson: Record<string, string> = {
  slack: 'https://docs.slack.dev/apis/web-api/#basics',
  telegram: 'https://core.telegram.org/bots/api#making-requests',
}

/** What every list takes by another page than the list's own. */
const ofLists: Record<string, string[]> = {
  bitbucket: ['pagelen'], // https://developer.atlassian.com/cloud/bitbucket/rest/intro/#pagination
}

/** What a document lacks or has otherwise, and where the vendor says that the connector is right all the same. */
const undocumented: Record<string, Record<string, string>> = {
  bitbucket: {
    'actions.create_pull_request':
      'has the description in words; https://developer.atlassian.com/cloud/bitbucket/rest/api-group-pullrequests/',
    'actions.run_pipeline':
      'has what all targets share, and examples of the rest; https://developer.atlassian.com/cloud/bitbucket/rest/api-group-pipelines/',
    'webhook_trigger.create':
      'the body is described in words; https://developer.atlassian.com/cloud/bitbucket/rest/api-group-repositories/',
    'webhook_trigger.update':
      'the body is described in words; https://developer.atlassian.com/cloud/bitbucket/rest/api-group-repositories/',
  },
  jira: {
    'actions.search_issues':
      'newer than the document; https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/#api-rest-api-3-search-jql-get',
    ...Object.fromEntries(
      ['create_issue', 'update_issue', 'create_comment'].map((name) => [
        `actions.${name}`,
        'of API version 2, which takes text where 3 takes documents; https://developer.atlassian.com/cloud/jira/platform/rest/v2/api-group-issues/#api-rest-api-2-issue-post',
      ]),
    ),
  },
  microsoft_graph: {
    'actions.send_mail': 'writes "Message"; https://learn.microsoft.com/en-us/graph/api/user-sendmail',
    'actions.list_files': 'only by drive; https://learn.microsoft.com/en-us/graph/api/driveitem-list-children',
  },
  postmark: {
    'actions.send_email': 'older than message streams; https://postmarkapp.com/developer/api/email-api',
    'actions.send_template':
      'asks for TemplateId, which TemplateAlias replaces; https://postmarkapp.com/developer/api/templates-api',
    ...newer('https://postmarkapp.com/developer/api/webhooks-api', ['create', 'list', 'delete', 'update']),
  },
  sendgrid: newer('https://www.twilio.com/docs/sendgrid/api-reference/webhooks', [
    ...['create', 'list', 'delete', 'update', 'resume', 'ping'],
  ]),
  slack: {
    test_request: 'only as GET; https://docs.slack.dev/reference/methods/auth.test',
    'actions.find_user': 'has the token as a parameter; https://docs.slack.dev/reference/methods/users.lookupByEmail',
    ...Object.fromEntries(
      ['post_message', 'update_message'].map((name) => [
        `actions.${name}`,
        'has lists as text, as forms need it; https://docs.slack.dev/reference/methods/chat.postMessage',
      ]),
    ),
  },
  telegram: {
    test_request: 'only as POST; https://core.telegram.org/bots/api#making-requests',
    'webhook_trigger.list': 'only as POST; https://core.telegram.org/bots/api#getwebhookinfo',
    ...newer('https://core.telegram.org/bots/api#setwebhook', ['create', 'update', 'rotate_secret']),
  },
}

/** Documents that are about a part of the vendor's API. */
const parts: Record<string, RegExp> = Object.fromEntries(
  ['activecampaign', 'airtable', 'calendly', 'clickup', 'close', 'gitlab', 'jira'].map((name) => [
    name,
    /^(actions|test_request)/,
  ]),
)

function newer(link: string, calls: readonly string[]): Record<string, string> {
  return Object.fromEntries(calls.map((call) => [`webhook_trigger.${call}`, `newer than the document; ${link}`]))
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
    const known = undocumented[connector.name] ?? {}
    const requests = requestsOf(connector).filter(({ name }) => parts[connector.name]?.test(name) ?? true)
    for (const request of requests) {
      test(request.name, { skip: known[request.name] ?? false }, () => {
        const operation = operationOf(excerpt, request)
        assert.ok(operation, `${request.method} ${new URL(request.url).pathname} is not in the document`)
        assert.deepEqual(
          problemsIn(operation, request, {
            alsoAsJson: connector.name in alsoAsJson,
            given: givenBy(connector),
            ofLists: ofLists[connector.name],
          }),
          [],
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
  const rules = { alsoAsJson: false, given: [] }
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
