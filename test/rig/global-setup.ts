import { startTestServer, type TestServer } from './test-server.ts'

/**
 * For `node --test --test-global-setup=test/rig/global-setup.ts`: one server for the whole run. The processes of the
 * test files find it through the environment; see `testDatabase`.
 */
let server: TestServer | undefined

export async function globalSetup(): Promise<void> {
  server = await startTestServer()
  process.env.HOOKLINE_TEST_DATABASE_URL = server.url
  process.env.HOOKLINE_TEST_TEMPLATE = server.template
}

export async function globalTeardown(): Promise<void> {
  await server?.stop()
}
