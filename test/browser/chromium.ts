import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const places = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
]

/**
 * The browser of the system; on a Debian without one it is installed, if that is allowed.
 *
 * Errors: says how to get one.
 */
export function findChromium(): string {
  const found = places.find((path) => existsSync(path))
  if (found !== undefined) return found
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    const quietly = { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } } as const
    execFileSync('/usr/bin/apt-get', ['update'], quietly)
    execFileSync('/usr/bin/apt-get', ['install', '--yes', '--no-install-recommends', 'chromium'], quietly)
    const installed = places.find((path) => existsSync(path))
    if (installed !== undefined) return installed
  }
  throw new Error(
    `The browser tests need Chromium; none was found at ${places.join(', ')}. Try: apt-get install chromium`,
  )
}

export const chromiumArguments = [
  '--no-sandbox',
  '--headless',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
