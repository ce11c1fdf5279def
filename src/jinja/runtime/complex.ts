import { Raised } from '../error.ts'
import { floatText } from './numbers.ts'
import { float, MISSING, Provided } from './values.ts'

/** What Python makes of a negative number to a fractional power. It prints itself and tells its parts; nothing computes with it. */
export class Complex extends Provided {
  readonly typeName = 'complex'
  readonly real: number
  readonly imaginary: number
  constructor(real: number, imaginary: number) {
    super()
    this.real = real
    this.imaginary = imaginary
  }
  attribute(name: string): unknown {
    if (name === 'real') return float(this.real)
    return name === 'imag' ? float(this.imaginary) : MISSING
  }
  repr(): string {
    const imaginary = `${partText(this.imaginary)}j`
    if (Object.is(this.real, 0)) return imaginary
    return `(${partText(this.real)}${imaginary.startsWith('-') ? '' : '+'}${imaginary})`
  }
}

/** A float without `.0`. */
function partText(value: number): string {
  return floatText(value).replace(/\.0$/, '')
}

/** `base ** exponent` for a negative base and a fractional exponent, in CPython's steps. Errors: `OverflowError`. */
export function complexPower(base: number, exponent: number): Complex {
  const length = Math.abs(base) ** exponent
  if (!Number.isFinite(length)) throw new Raised('OverflowError', "(34, 'Numerical result out of range')")
  const phase = Math.PI * exponent
  return new Complex(length * Math.cos(phase), length * Math.sin(phase))
}
