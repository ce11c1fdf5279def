import { localStorageColorSchemeManager } from '@mantine/core'

/** Where the chosen colour scheme is kept; `public/scheme.js` reads the same key before the first paint. */
export const schemeManager = localStorageColorSchemeManager({ key: 'hookline-scheme' })
