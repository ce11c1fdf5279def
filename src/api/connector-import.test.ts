import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testApi } from '../../test/rig/test-api.ts'

const api = await testApi()
const read = (document: string, more: object = {}) =>
  api.call('POST', '/connectors/import', { body: { document, ...more } })

const petStore = `
openapi: 3.1.0
info: { title: Pet Store, description: All about pets }
servers:
  - url: https://{region}.pets.example/v2
    variables: { region: { default: eu, enum: [eu, us] } }
components:
  securitySchemes:
    key: { type: apiKey, in: header, name: X-Api-Key }
    user: { type: http, scheme: basic }
    consent:
      type: oauth2
      flows:
        authorizationCode:
          authorizationUrl: https://pets.example/authorize
          tokenUrl: https://pets.example/token
          scopes: { read: Read, write: Write }
    certificate: { type: mutualTLS }
  parameters:
    Trace: { name: X-Trace, in: header, schema: { type: string } }
  schemas:
    Named: { type: object, required: [name], properties: { name: { type: string } } }
    Pet:
      allOf:
        - $ref: '#/components/schemas/Named'
        - properties:
            id: { type: integer, readOnly: true }
            parent: { $ref: '#/components/schemas/Pet' }
            status: { type: [string, 'null'], enum: [here, gone] }
paths:
  /pets/{petId}:
    parameters:
      - { name: petId, in: path, required: true, schema: { type: integer } }
    get:
      operationId: getPetById
      summary: Get a pet
      tags: [pets]
      parameters:
        - $ref: '#/components/parameters/Trace'
        - { name: fields, in: query, explode: false, schema: { type: array, items: { type: string } } }
        - { name: 'filter[owner]', in: query, schema: { type: string } }
        - { name: loop, in: query, schema: { type: boolean } }
    put:
      tags: [pets]
      requestBody:
        required: true
        content: { application/json: { schema: { $ref: '#/components/schemas/Pet' } } }
  /pets/{petId}/photo:
    post:
      operationId: upload
      parameters:
        - { name: petId, in: path, required: true, schema: { type: integer } }
      requestBody: { content: { multipart/form-data: { schema: { type: object } } } }
  /search:
    post:
      operationId: search-all
      tags: [search]
      requestBody: { content: { application/json: { schema: { type: array, items: {} } } } }
`

test('an OpenAPI document becomes a connector that the schema takes', async () => {
  const { status, body } = await read(petStore)
  assert.equal(status, 200, JSON.stringify(body))
  const { connector, problems } = body
  assert.equal(connector.name, 'pet_store')
  assert.equal(
    connector.base_domain,
    'https://{{ connectorAuth.user_input.region | default("eu", true) }}.pets.example/v2',
  )
  assert.deepEqual(Object.keys(connector.auth_config), ['api_key', 'basic_auth', 'oauth2'])
  assert.deepEqual(connector.auth_config.oauth2.scopes, ['read', 'write'])
  const [get, put, upload, search] = connector.actions
  assert.deepEqual(
    connector.actions.map(({ name }: { name: string }) => name),
    ['get_pet_by_id', 'put_pets_by_pet_id', 'upload', 'search_all'],
  )
  assert.equal(get.endpoint, 'pets/{{ petId | string | url_encode }}')
  assert.equal(get.query['filter[owner]'], '{{ filter_owner_ }}')
  assert.equal(get.query.loop, '{{ loop_value }}')
  assert.match(get.query.fields, /fields \| join\(","\)/)
  assert.deepEqual(get.headers, { 'X-Trace': '{{ X_Trace }}' })
  assert.deepEqual(get.form.required, ['petId'])
  assert.deepEqual(put.body, { name: '{{ name }}', parent: '{{ parent }}', status: '{{ status }}' })
  assert.deepEqual(put.form.required, ['petId', 'name'])
  assert.equal(upload.body, undefined)
  assert.equal(search.body, '{{ body }}')
  assert.deepEqual(
    problems.map(({ path }: { path: string }) => path),
    ['auth_config', 'actions.2'],
  )
  const saved = await api.call('POST', '/connectors', { body: connector })
  assert.equal(saved.status, 201, saved.text)
})

test('actions join an own connector without changing what is there', async () => {
  const more = petStore
    .replace('operationId: search-all', 'operationId: searchMore')
    .replace('summary: Get a pet', 'summary: Changed')
  const { body } = await read(more, { into: 'pet_store' })
  const names = body.connector.actions.map(({ name }: { name: string }) => name)
  assert.deepEqual(names, ['get_pet_by_id', 'put_pets_by_pet_id', 'upload', 'search_all', 'search_more'])
  assert.equal(body.connector.actions[0].title, 'Get a pet')
  assert.equal((await read(petStore, { into: 'nothing' })).status, 404)
})

test('of a large API, the operations of some tags are taken', async () => {
  const { body } = await read(petStore, { tags: ['search'] })
  assert.equal(body.connector.actions.length, 1)
})

test('what is no OpenAPI document is refused in words', async () => {
  const refusal = async (document: string) => {
    const { status, body } = await read(document)
    assert.equal(status, 400)
    return body.message as string
  }
  assert.match(await refusal('{"swagger": "2.0"}'), /it is Swagger 2\.0/)
  assert.match(await refusal('{"openapi": "3.0.0",'), /line 1/)
  assert.match(await refusal('a: [1'), /document: .*line/i)
  assert.match(await refusal('just text'), /no OpenAPI document/)
  assert.match(await refusal('{"openapi": "4.0"}'), /lacks the member openapi/)
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'
    .split('')
    .map((name, index) => `${name}: &${name} [${`*${'abcdefghi'[index]},`.repeat(9)}]`)
    .join('\n')}`
  assert.match(await refusal(bomb), /alias/i)
})

test('documents of any depth and shape make a draft or a problem, never a fault', async () => {
  const circle = JSON.stringify({
    openapi: '3.0.3',
    info: {},
    paths: {
      '/__proto__/{a}/{{ connectorAuth.token }}': {
        post: {
          parameters: [
            null,
            5,
            { $ref: '#/x' },
            { name: '__proto__', in: 'query' },
            { name: 'constructor', in: 'query' },
          ],
          requestBody: { $ref: '#/components/requestBodies/self' },
        },
        get: 'nothing',
      },
    },
    components: {
      requestBodies: { self: { $ref: '#/components/requestBodies/self' } },
      schemas: { loop: { allOf: [{ $ref: '#/components/schemas/loop' }] } },
    },
  })
  const { status, body } = await read(circle)
  assert.equal(status, 200, JSON.stringify(body))
  assert.ok(!body.connector.actions[0].endpoint.includes('{{ connectorAuth'))
  assert.ok(body.problems.length > 0)
})

test('a connector is exported as the document that makes it', async () => {
  const { status, body, headers } = await api.call('GET', '/connectors/pet_store/export')
  assert.equal(status, 200)
  assert.match(String(headers['content-disposition']), /attachment; filename="connector-pet_store.json"/)
  assert.equal((await api.call('POST', '/connectors', { body: { ...body, name: 'pets_again' } })).status, 201)
  assert.equal((await api.call('GET', '/connectors/none/export')).status, 404)
})
