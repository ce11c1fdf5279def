// Runs the corpus: `node run-jinja.mjs --module test/jinja/adapter.ts corpus.jsonl`.
import { type CompileOptions, compile, TemplateError } from '../../src/jinja/template.ts'
import { readContext } from './read-context.ts'

/** Renders one case; an error is thrown under the name Python gives it. */
export function render(
  template: string,
  _context: Record<string, unknown>,
  { env, contextJson }: { env: CompileOptions; contextJson: string },
): string {
  try {
    return compile(template, env).render(readContext(contextJson))
  } catch (error) {
    if (error instanceof TemplateError) error.name = error.pythonType
    throw error
  }
}
