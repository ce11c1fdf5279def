import { typeName } from './values.ts'

function dunders(names: string): string[] {
  return names.split(' ').map((name) => `__${name}__`)
}

/** Attributes that every Python object has. Reading one is refused, not merely undefined. */
const everyObjectHas = new Set(
  dunders(
    'class delattr dir doc eq format ge getattribute getstate gt hash init init_subclass le lt ne new reduce reduce_ex repr setattr sizeof str subclasshook',
  ),
)

const text = dunders('add contains getitem getnewargs iter len mod mul rmod rmul')
const number = dunders(
  'abs add bool ceil divmod float floor floordiv getnewargs int mod mul neg pos pow radd rdivmod rfloordiv rmod rmul round rpow rsub rtruediv sub truediv trunc',
)
const integer = [...number, ...dunders('and index invert lshift or rand rlshift ror rrshift rshift rxor xor')]
const view = dunders('iter len reversed')
const viewOfKeys = [...view, ...dunders('and contains or rand ror rsub rxor sub xor')]

/** What the objects of a type have besides, by the type's name. */
const alsoHas: Readonly<Record<string, readonly string[]>> = {
  str: text,
  Markup: [...text, ...dunders('html html_format module radd slots')],
  bytes: [...text, '__bytes__'],
  int: integer,
  bool: integer,
  float: [...number, '__getformat__'],
  NoneType: ['__bool__'],
  list: dunders('add class_getitem contains delitem getitem iadd imul iter len mul reversed rmul setitem'),
  tuple: dunders('add class_getitem contains getitem getnewargs iter len mul rmul'),
  range: dunders('bool contains getitem iter len reversed'),
  dict: dunders('class_getitem contains delitem getitem ior iter len or reversed ror setitem'),
  dict_keys: viewOfKeys,
  dict_values: view,
  dict_items: viewOfKeys,
  generator: dunders('del iter name next qualname'),
  function: dunders('annotations builtins call closure code defaults dict get globals kwdefaults module name qualname'),
  builtin_function_or_method: dunders('call module name qualname self text_signature'),
  type: [...dunders('base bases call dict module mro name subclasses qualname'), 'mro'],
  Macro: [...dunders('call dict module'), '_func', '_environment', '_argument_count', '_invoke', '_default_autoescape'],
  LoopContext: [
    ...dunders('call dict iter len module next'),
    '_iterable',
    '_iterator',
    '_recurse',
    '_undefined',
    '_peek_next',
    '_length',
    '_after',
    '_current',
    '_before',
    '_last_changed_value',
    '_to_iterator',
  ],
  TemplateReference: [...dunders('dict getitem module'), '_TemplateReference__context'],
  Namespace: dunders('dict module'),
  Cycler: dunders('dict module next weakref'),
  Joiner: dunders('call dict module weakref'),
}

/** Whether Python's object has an attribute of this name that its sandbox keeps from templates. */
export function isForbidden(value: unknown, name: string): boolean {
  return everyObjectHas.has(name) || alsoHas[typeName(value)]?.includes(name) === true
}
