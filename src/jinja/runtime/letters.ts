/** What Python's `str` knows about letters and JavaScript does not: title case, case folding, classes of characters. */

/** Characters whose title case is not their upper case, each followed by it. */
const titlePairs =
  'ß Ss,Ǆ ǅ,ǆ ǅ,Ǉ ǈ,ǉ ǈ,Ǌ ǋ,ǌ ǋ,Ǳ ǲ,ǳ ǲ,և Եւ,ᾲ Ὰͅ,ᾳ ᾼ,ᾴ Άͅ,ᾷ ᾼ͂,ῂ Ὴͅ,ῃ ῌ,ῄ Ήͅ,ῇ ῌ͂,ῲ Ὼͅ,ῳ ῼ,ῴ Ώͅ,ῷ ῼ͂,ﬀ Ff,ﬁ Fi,ﬂ Fl,ﬃ Ffi,ﬄ Ffl,ﬅ St,ﬆ St,ﬓ Մն,ﬔ Մե,ﬕ Մի,ﬖ Վն,ﬗ Մխ'
const titles = new Map(titlePairs.split(',').map((pair) => pair.split(' ') as [string, string]))

/** Title case of one character, which may be several. */
export function titleCharacter(character: string): string {
  if (character < '\x80') return character.toUpperCase()
  const special = titles.get(character)
  if (special !== undefined) return special
  const code = character.codePointAt(0)!
  // Greek letters with a subscript iota: the title form stands eight places behind, and is its own title.
  if (code >= 0x1f80 && code <= 0x1faf) return String.fromCodePoint(code | 8)
  // Georgian has capitals, but none at the start of a word.
  if (/[ǅǈǋǲ\u10d0-\u10fa\u10fd-\u10ffᾼῌῼ]/.test(character)) return character
  return character.toUpperCase()
}

/** Small letter of the character at an index; a sigma at the end of a word has a form of its own. */
export function lowerAt(characters: readonly string[], index: number): string {
  const character = characters[index]!
  if (character !== 'Σ') return character.toLowerCase()
  // JavaScript knows the rule too, given the letters around.
  const around = characters.slice(Math.max(0, index - 20), index + 20)
  const before = around
    .slice(0, Math.min(index, 20))
    .map((other) => (other.toLowerCase().length === other.length ? other : 'x'))
    .join('')
  const after = around.slice(Math.min(index, 20) + 1).join('')
  return `${before}Σ${after}`.toLowerCase()[before.length]!
}

/** For comparing without regard to case, as `str.casefold`. */
export function foldCase(text: string): string {
  if (!/[\u0080-\uffff]/.test(text)) return text.toLowerCase()
  let folded = ''
  for (const character of text) {
    if (character === 'ẞ') folded += 'ss'
    else if (/[\u13a0-\u13f5]/.test(character)) folded += character
    else if (/[\u13f8-\u13fd\uab70-\uabbf]/.test(character)) folded += character.toUpperCase()
    else if (character === 'ı') folded += character
    else folded += character.toUpperCase().toLowerCase()
  }
  return folded
}

/** Ideographs that mean numbers; no Unicode property that JavaScript knows tells them. */
const numericIdeographs = new Set(
  '㐅㒃㠪㭍一七万三九二五亖亿什仟仨伍佰億兆兩八六十千卄卅卌叁参參叄四壱壹幺廾廿弌弍弎弐拾捌柒漆玖百肆萬貮貳贰阡陆陌陸零參拾兩零六陸什𠀁𠁤𠃢𠄡𠤪𠦃𠦌𠦜𠫪𠫽𠬙𢎐𢦘𣬛𦉭廾',
)
const otherDigit =
  /[\xb2\xb3\xb9\u1369-\u1371\u19da\u2070\u2074-\u2079\u2080-\u2089\u2460-\u2468\u2474-\u247c\u2488-\u2490\u24ea\u24f5-\u24fd\u24ff\u2776-\u277e\u2780-\u2788\u278a-\u2792\u{10a40}-\u{10a43}\u{10e60}-\u{10e68}\u{11052}-\u{1105a}\u{1f100}-\u{1f10a}]/u

export function isDecimalCharacter(character: string): boolean {
  return /^\p{Nd}$/u.test(character)
}

export function isDigitCharacter(character: string): boolean {
  return isDecimalCharacter(character) || otherDigit.test(character)
}

export function isNumericCharacter(character: string): boolean {
  return /^\p{N}$/u.test(character) || numericIdeographs.has(character)
}

export function isAlphabetic(character: string): boolean {
  return /^\p{L}$/u.test(character)
}

/** Whether `repr` shows the character itself: no controls, no separators but the space, nothing unassigned. */
export function isPrintable(character: string): boolean {
  return character === ' ' || !/^[\p{C}\p{Z}]$/u.test(character)
}

export function isLowerCharacter(character: string): boolean {
  return /^\p{Lowercase}$/u.test(character)
}

export function isUpperCharacter(character: string): boolean {
  return /^\p{Uppercase}$/u.test(character)
}

export function isTitleCharacter(character: string): boolean {
  return /^\p{Lt}$/u.test(character)
}
