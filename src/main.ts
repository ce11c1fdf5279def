import about from '../package.json' with { type: 'json' }
import { createProgram } from './cli/program.ts'

await createProgram(about.version).parseAsync()
