import { type Json, JsonSyntaxError, parseJson } from '../../../src/flow/json.ts'

export type Reading = { ok: true; value: Json } | { ok: false; message: string; line: number; column: number }

/** Reads what is being typed into a JSON editor, and says where it is not JSON. */
export function readJson(text: string): Reading {
  try {
    return { ok: true, value: parseJson(text) }
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error
    return { ok: false, message: error.message, line: error.line, column: error.column }
  }
}
