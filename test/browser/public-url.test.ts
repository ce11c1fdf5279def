import assert from 'node:assert/strict'
import { createServer, request as forward } from 'node:http'
import { type AddressInfo, createServer as createSocketServer } from 'node:net'
import { after } from 'node:test'
import { assertAccessible, startRig } from './rig.ts'
import { plainFlow } from './seed.ts'

/** The public address and what is told of it, ui.md 3.9: it leads through a proxy, which may lead elsewhere. */

const port = await freePort()
let leadsHere = true
const proxy = createServer((incoming, outgoing) => {
  if (!leadsHere)
    return void outgoing.writeHead(200, { 'content-type': 'text/html' }).end('<h1>This domain is parked</h1>')
  const { method, url, headers } = incoming
  const onward = forward({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(outgoing)
  })
  onward.on('error', () => outgoing.destroy())
  incoming.pipe(onward)
})
await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
after(() => {
  proxy.closeAllConnections()
  proxy.close()
})
const publicUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
/** Past the proxy, as an operator reaches the server from within. */
const direct = `http://127.0.0.1:${port}`

const { product, check } = await startRig({ HOOKLINE_PORT: String(port), HOOKLINE_PUBLIC_URL: publicUrl })

check('G-01 a public URL that leads elsewhere is told in the settings and in every webhook panel', async ({ page }) => {
  const flow = await product.flow(plainFlow('With an address'))
  leadsHere = false
  await page.goto(`${direct}/settings?part=instance`)
  assert.equal(await page.getByTestId('public-url').textContent(), publicUrl)
  const card = page.getByRole('region', { name: 'Public URL' })
  await card.getByText(/Something else answers there/).waitFor()
  await assertAccessible(page, 'settings with a wrong public URL')
  await page.goto(`${direct}/flows/${flow.id}?step=web1`)
  const warning = page.getByTestId('public-url-warning')
  await warning.getByText(/Senders may not reach this address/).waitFor()
  await assertAccessible(page, 'webhook panel with a wrong public URL')
  leadsHere = true
  await warning.getByRole('link', { name: 'Check the public URL' }).click()
  const button = card.getByRole('button', { name: 'Check now' })
  // A result of a moment ago is shown again, so that pressing costs the server little.
  while ((await card.getByText(/It leads to this server/).count()) === 0) {
    await button.click()
    await page.waitForTimeout(300)
  }
  await page.goto(`${direct}/flows/${flow.id}?step=web1`)
  await page.getByTestId('webhook-url').waitFor()
  assert.equal(await warning.count(), 0)
})

async function freePort(): Promise<number> {
  const server = createSocketServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
