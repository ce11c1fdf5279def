import { json, jsonLanguage } from '@codemirror/lang-json'

/** Stands in for `@codemirror/lang-html` (see vite.config.ts): around our templates stands JSON. */
export const html = json
export const htmlLanguage = jsonLanguage
