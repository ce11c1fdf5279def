import type { Connector, ConnectorProblem } from '../connectors/connector.ts'
import { type ConnectorTemplate, templatesOf } from '../connectors/templates.ts'
import { diagnose } from '../jinja/template.ts'

/**
 * What is wrong with the templates of a connector: syntax, filters that do not exist, and names that will never have a
 * value where they stand. The built-in connectors are held to the same (test/connectors).
 */
export function templateProblems(connector: Connector): ConnectorProblem[] {
  return templatesOf(connector).flatMap(({ path, source, names }) =>
    diagnose(source, { known: names }).map(({ message, line, column }) => ({
      path,
      message: `${placeOf(path, connector)}${message} (line ${line}, column ${column})`,
    })),
  )
}

/** Numbers say nothing to whoever reads a long list of actions. */
function placeOf(path: ConnectorTemplate['path'], { actions }: Connector): string {
  const found = /^actions\.(\d+)\.(.+)$/.exec(path)
  const action = found === null ? undefined : actions[Number(found[1])]
  return action === undefined ? '' : `action "${action.name}", field ${found![2]}: `
}
