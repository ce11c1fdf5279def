import { createInterface } from 'node:readline'

/**
 * Preloaded before `src/main.ts`: loads the product's modules and waits to be told the public address, so that a process
 * stands by and lives on the word.
 */
await import('../../src/app.ts')
const [address] = await Array.fromAsync(createInterface({ input: process.stdin }))
if (address === undefined || address === '') process.exit(0)
process.env.HOOKLINE_PUBLIC_URL = address
