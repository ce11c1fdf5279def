import { createContext, type RefObject, use } from 'react'
import type { JsonPath } from '../../components/json-rows.ts'
import type { TemplateScope } from './completion.ts'

/** Puts a value of the data tree into the template field that last had the focus. */
export type Insert = (path: JsonPath) => void

export const InsertContext = createContext<RefObject<Insert | null>>({ current: null })
export const ScopeContext = createContext<TemplateScope>({ values: {}, names: [] })

export const useInsertTarget = () => use(InsertContext)

/** What templates of the open step can speak of. */
export const useTemplateScope = () => use(ScopeContext)
