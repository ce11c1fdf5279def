import { Raised } from '../error.ts'
import type { CallStatement, MacroStatement, Parameter, Statement } from '../syntax/ast.ts'
import { Activation, compileEntry, compileStore, type Evaluate, syntaxError } from './compilation.ts'
import { compileCallWithCaller, compileExpression } from './compile-expression.ts'
import {
  capture,
  capturedValue,
  DONE,
  type Execute,
  exportName,
  type Place,
  type TemplateCompilation,
  writeText,
} from './execution.ts'
import { FunctionValue } from './native.ts'
import { analyseParameters, analyseStatements, Layout, readsName, Scope } from './scope.ts'
import { type CallArguments, Dict, MISSING, Tuple } from './values.ts'

/** Units that a call of a macro costs besides what its body does: variables, arguments and a text of its own. */
const callCost = 16

type MakeMacro = (activation: Activation) => FunctionValue

/** The three names a macro's body may use without declaring them. */
interface SpecialNames {
  caller: boolean
  kwargs: boolean
  varargs: boolean
}

export function compileMacro(compilation: TemplateCompilation, place: Place, statement: MacroStatement): Execute {
  const make = compileDefinition(compilation, place, statement, statement.name)
  const store = compileStore(place.scope, statement.name)
  const isExported = place.isTopLevel && compilation.blocks.size > 0
  return (activation) => {
    activation.rendering.charge(1)
    const macro = make(activation)
    store(activation, macro)
    if (isExported) exportName(activation.rendering, statement.name, macro)
    return DONE
  }
}

export function compileCallBlock(compilation: TemplateCompilation, place: Place, statement: CallStatement): Execute {
  const make = compileDefinition(compilation, place, statement, '')
  const call = compileCallWithCaller(statement.call, (node) => compileExpression(compilation, place, node))
  return (activation) => {
    activation.rendering.charge(1)
    writeText(activation.rendering, call(activation, make(activation)))
    return DONE
  }
}

function compileDefinition(
  compilation: TemplateCompilation,
  place: Place,
  statement: { at: number; parameters: readonly Parameter[]; body: readonly Statement[] },
  name: string,
): MakeMacro {
  const { parameters, body } = statement
  const layout = new Layout(place.scope.layout)
  const scope = new Scope(layout, place.scope)
  const explicitCaller = parameters.find((parameter) => parameter.name === 'caller')
  const special = specialNames(parameters, body)
  if (special.caller && explicitCaller !== undefined && explicitCaller.default === undefined) {
    const reason =
      'When defining macros or call blocks the special "caller" argument must be omitted or be given a default.'
    throw syntaxError(compilation, explicitCaller.at, reason, 'TemplateAssertionError')
  }
  for (const key of ['caller', 'kwargs', 'varargs'] as const) if (special[key]) scope.declare(key)
  analyseParameters(scope, parameters)
  analyseStatements(scope, body)
  const inner: Place = { ...place, scope, isConditional: false, isTopLevel: false, isInLoop: false }
  const stores = parameters.map((parameter) => compileStore(scope, parameter.name))
  const defaults = parameters.map(
    (parameter) => parameter.default && compileExpression(compilation, inner, parameter.default),
  )
  const specialStores = {
    caller: special.caller && explicitCaller === undefined ? compileStore(scope, 'caller') : undefined,
    kwargs: special.kwargs ? compileStore(scope, 'kwargs') : undefined,
    varargs: special.varargs ? compileStore(scope, 'varargs') : undefined,
  }
  const run = compilation.compileBody(inner, body)
  const enter = compileEntry(scope)
  const hasExplicitCaller = explicitCaller !== undefined
  const attributes = new Map<string, unknown>([
    ['name', name === '' ? null : name],
    ['arguments', new Tuple(parameters.map((parameter) => parameter.name))],
    ['catch_kwargs', special.kwargs],
    ['catch_varargs', special.varargs],
    ['caller', special.caller],
    ['explicit_caller', hasExplicitCaller],
  ])
  return (definedIn) =>
    new FunctionValue(
      'Macro',
      name,
      (rendering, args) => {
        rendering.enter()
        rendering.charge(callCost)
        const activation = new Activation(rendering, layout, definedIn)
        enter?.(activation)
        const values = takeArguments(name, parameters, special, hasExplicitCaller, args)
        specialStores.caller?.(activation, values.caller ?? rendering.undefinedBecause('No caller defined'))
        specialStores.kwargs?.(activation, toDict(values.kwargs))
        specialStores.varargs?.(activation, new Tuple(values.varargs))
        for (let index = 0; index < stores.length; index++) {
          stores[index]!(activation, values.parameters[index])
        }
        fillDefaults(activation, parameters, values.parameters, stores, defaults)
        const { text } = capture(activation, run)
        rendering.leave()
        return capturedValue(rendering, text)
      },
      attributes,
    )
}

function specialNames(parameters: readonly Parameter[], body: readonly Statement[]): SpecialNames {
  const isDeclared = (name: string): boolean => parameters.some((parameter) => parameter.name === name)
  return {
    caller: readsName(body, 'caller'),
    kwargs: readsName(body, 'kwargs') && !isDeclared('kwargs'),
    varargs: readsName(body, 'varargs') && !isDeclared('varargs'),
  }
}

function fillDefaults(
  activation: Activation,
  parameters: readonly Parameter[],
  given: readonly unknown[],
  stores: readonly ((activation: Activation, value: unknown) => void)[],
  defaults: readonly (Evaluate | undefined)[],
): void {
  for (const [index, parameter] of parameters.entries()) {
    if (given[index] !== MISSING) continue
    const evaluate = defaults[index]
    const missing = `parameter '${parameter.name}' was not provided`
    stores[index]!(
      activation,
      evaluate === undefined ? activation.rendering.undefinedBecause(missing) : evaluate(activation),
    )
  }
}

interface TakenArguments {
  /** One value per parameter; `MISSING` where none was given. */
  parameters: unknown[]
  caller: unknown
  kwargs: Map<string, unknown>
  varargs: readonly unknown[]
}

function takeArguments(
  name: string,
  parameters: readonly Parameter[],
  special: SpecialNames,
  hasExplicitCaller: boolean,
  args: CallArguments,
): TakenArguments {
  const taken: unknown[] = args.positional.slice(0, parameters.length)
  const kwargs = new Map(args.named)
  let foundCaller = taken.length === parameters.length && hasExplicitCaller
  for (const parameter of parameters.slice(taken.length)) {
    taken.push(kwargs.has(parameter.name) ? kwargs.get(parameter.name) : MISSING)
    kwargs.delete(parameter.name)
    if (parameter.name === 'caller') foundCaller = true
  }
  let caller: unknown
  if (special.caller && !foundCaller) {
    caller = kwargs.get('caller')
    kwargs.delete('caller')
  }
  const shown = name === '' ? 'None' : `'${name}'`
  if (!special.kwargs && kwargs.size > 0) {
    if (kwargs.has('caller')) {
      throw new Raised(
        'TypeError',
        `macro ${shown} was invoked with two values for the special caller argument. This is most likely a bug.`,
      )
    }
    throw new Raised('TypeError', `macro ${shown} takes no keyword argument '${[...kwargs.keys()][0]}'`)
  }
  if (!special.varargs && args.positional.length > parameters.length) {
    throw new Raised('TypeError', `macro ${shown} takes not more than ${parameters.length} argument(s)`)
  }
  return {
    parameters: taken,
    caller: caller === null ? undefined : caller,
    kwargs,
    varargs: args.positional.slice(parameters.length),
  }
}

function toDict(named: ReadonlyMap<string, unknown>): Dict {
  const dict = new Dict()
  for (const [key, value] of named) dict.set(key, value)
  return dict
}
