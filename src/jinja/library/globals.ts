import { Raised } from '../error.ts'
import { isTruthy } from '../runtime/compare.ts'
import { bind, FunctionValue, integerArgument, native } from '../runtime/native.ts'
import { Cycler, Namespace } from '../runtime/provided.ts'
import type { NativeFunction, Rendering } from '../runtime/rendering.ts'
import { Dict, Markup, Range } from '../runtime/values.ts'
import { onlyArgument, updateDict } from './members-collection.ts'

function range(rendering: Rendering, [given]: readonly unknown[]): unknown {
  // Bounds of any size are fine as long as little lies between them.
  const args = (given as readonly unknown[]).map((bound) =>
    typeof bound === 'bigint' ? Number(bound) : integerArgument(bound),
  )
  if (args.length === 0) throw new Raised('TypeError', 'range expected at least 1 argument, got 0')
  if (args.length > 3) throw new Raised('TypeError', `range expected at most 3 arguments, got ${args.length}`)
  const [start, stop, step] = args.length === 1 ? [0, args[0]!, 1] : [args[0]!, args[1]!, args[2] ?? 1]
  if (step === 0) throw new Raised('ValueError', 'range() arg 3 must not be zero')
  const made = new Range(start, stop, step)
  const most = rendering.limits.rangeItems
  if (made.length > most) {
    throw new Raised('OverflowError', `Range too big. The sandbox blocks ranges larger than MAX_RANGE (${most}).`)
  }
  return made
}

function dict(rendering: Rendering, [args, kwargs]: readonly unknown[]): Dict {
  const made = new Dict()
  updateDict(rendering, made, onlyArgument('dict', args as unknown[]), kwargs as ReadonlyMap<string, unknown>)
  return made
}

function namespace(rendering: Rendering, [args, kwargs]: readonly unknown[]): unknown {
  const made = new Namespace()
  updateDict(rendering, made.values, onlyArgument('dict', args as unknown[]), kwargs as ReadonlyMap<string, unknown>)
  return made
}

function joiner(_: Rendering, [separator]: readonly unknown[]): unknown {
  const attributes = new Map([
    ['sep', separator],
    ['used', false],
  ])
  const join = (): unknown => {
    if (attributes.get('used') === true) return separator
    attributes.set('used', true)
    return ''
  }
  return new FunctionValue('Joiner', 'joiner', join, attributes)
}

const loremWords =
  'a ac accumsan ad adipiscing aenean aliquam aliquet amet ante aptent arcu at auctor augue bibendum blandit class commodo condimentum congue consectetuer consequat conubia convallis cras cubilia cum curabitur curae cursus dapibus diam dictum dictumst dignissim dis dolor donec dui duis egestas eget eleifend elementum elit enim erat eros est et etiam eu euismod facilisi facilisis fames faucibus felis fermentum feugiat fringilla fusce gravida habitant habitasse hac hendrerit hymenaeos iaculis id imperdiet in inceptos integer interdum ipsum justo lacinia lacus laoreet lectus leo libero ligula litora lobortis lorem luctus maecenas magna magnis malesuada massa mattis mauris metus mi molestie mollis montes morbi mus nam nascetur natoque nec neque netus nibh nisi nisl non nonummy nostra nulla nullam nunc odio orci ornare parturient pede pellentesque penatibus per pharetra phasellus placerat platea porta porttitor posuere potenti praesent pretium primis proin pulvinar purus quam quis quisque rhoncus ridiculus risus rutrum sagittis sapien scelerisque sed sem semper senectus sit sociis sociosqu sodales sollicitudin suscipit suspendisse taciti tellus tempor tempus tincidunt torquent tortor tristique turpis ullamcorper ultrices ultricies urna ut varius vehicula vel velit venenatis vestibulum vitae vivamus viverra volutpat vulputate'.split(
    ' ',
  )

function lipsum(rendering: Rendering, [count, html, min, max]: readonly unknown[]): unknown {
  const [paragraphs, least, most] = [integerArgument(count), integerArgument(min), integerArgument(max)]
  if (least >= most && paragraphs > 0)
    throw new Raised('ValueError', `empty range for randrange() (${least}, ${most}, ${most - least})`)
  const made: string[] = []
  for (let index = 0; index < paragraphs; index++) made.push(paragraph(rendering, least, most))
  const text = isTruthy(html) ? made.map((part) => `<p>${part}</p>`).join('\n') : made.join('\n\n')
  rendering.text(text.length)
  return isTruthy(html) ? new Markup(text) : text
}

/** Each word takes several numbers of the source of chance, which is slow. */
const unitsPerWord = 200

/** Sentences of nonsense Latin: a comma now and then, a full stop less often. */
function paragraph(rendering: Rendering, min: number, max: number): string {
  const pick = (from: number, to: number): number => from + Math.floor(rendering.settings.random() * (to - from))
  const count = pick(min, max)
  rendering.text(Math.max(0, count) * 8)
  rendering.charge(Math.max(0, count) * unitsPerWord)
  const words: string[] = []
  let startsSentence = true
  let [lastComma, lastStop] = [0, 0]
  for (let index = 0; index < count; index++) {
    let word = loremWords[pick(0, loremWords.length)]!
    if (startsSentence) word = word[0]!.toUpperCase() + word.slice(1)
    startsSentence = false
    if (index - pick(3, 8) > lastComma) {
      lastComma = index
      lastStop += 2
      word += ','
    }
    if (index - pick(10, 20) > lastStop) {
      lastComma = lastStop = index
      word += '.'
      startsSentence = true
    }
    words.push(word)
  }
  const text = words.join(' ').replace(/,$/, '')
  return text.endsWith('.') ? text : `${text}.`
}

function uuid(rendering: Rendering): string {
  const bytes = Uint8Array.from({ length: 16 }, () => Math.floor(rendering.settings.random() * 256))
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** The functions a template can call by their names, with the type Python has for each. */
export const globalFunctions: readonly { fn: NativeFunction; typeName: string; pythonName: string }[] = [
  { fn: native('range(*args)', range), typeName: 'function', pythonName: 'safe_range' },
  { fn: native('dict(*args, **kwargs)', dict), typeName: 'type', pythonName: 'dict' },
  {
    fn: native('lipsum(n=5, html=true, min=20, max=100)', lipsum),
    typeName: 'function',
    pythonName: 'generate_lorem_ipsum',
  },
  {
    fn: native('cycler(*items)', (_, [items]) => new Cycler(items as readonly unknown[])),
    typeName: 'type',
    pythonName: 'jinja2.utils.Cycler',
  },
  { fn: native("joiner(sep=', ')", joiner), typeName: 'type', pythonName: 'jinja2.utils.Joiner' },
  { fn: native('namespace(*args, **kwargs)', namespace), typeName: 'type', pythonName: 'jinja2.utils.Namespace' },
  { fn: native('uuid()', uuid), typeName: 'function', pythonName: 'uuid' },
]

export const globals: ReadonlyMap<string, unknown> = new Map(
  globalFunctions.map(({ fn, typeName: type, pythonName }) => [
    fn.name,
    new FunctionValue(type, pythonName, (rendering, args) => fn.call(rendering, bind(fn, args.positional, args.named))),
  ]),
)
