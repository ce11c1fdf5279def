import { closeBrackets, closeBracketsKeymap } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { json } from '@codemirror/lang-json'
import {
  bracketMatching,
  codeFolding,
  foldGutter,
  foldKeymap,
  HighlightStyle,
  syntaxHighlighting,
} from '@codemirror/language'
import { lintKeymap, setDiagnostics } from '@codemirror/lint'
import { EditorState } from '@codemirror/state'
import { drawSelection, EditorView, highlightSpecialChars, keymap, lineNumbers } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { useEffect, useEffectEvent, useRef } from 'react'
import classes from './JsonEditor.module.css'

interface JsonEditorProps {
  label: string
  value: string
  /** Absent: the text can only be read. */
  onChange?: (value: string) => void
  onSubmit?: () => void
  problem?: { message: string; line: number; column: number } | null
  /** The line to go to when it changes, counted from 1. */
  goTo?: { line: number } | null
  tall?: boolean
}

/** JSON, or any long text, in an editor that draws only the lines in view. Tab leaves it. */
export default function JsonEditor({ label, value, onChange, onSubmit, problem, goTo, tall }: JsonEditorProps) {
  const box = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView>(null)
  const isReadOnly = onChange === undefined
  const change = useEffectEvent((text: string) => onChange?.(text))
  const submit = useEffectEvent(() => onSubmit?.())

  useEffect(() => {
    if (box.current === null) return
    const made = new EditorView({
      parent: box.current,
      state: EditorState.create({
        extensions: [
          setup,
          EditorState.readOnly.of(isReadOnly),
          EditorView.contentAttributes.of({
            'aria-label': label,
            tabindex: '0',
            ...(isReadOnly ? { 'aria-readonly': 'true' } : {}),
          }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) change(update.state.doc.toString())
          }),
          keymap.of([
            {
              key: 'Mod-Enter',
              run: () => {
                submit()
                return true
              },
            },
            ...keys,
          ]),
        ],
      }),
    })
    view.current = made
    return () => {
      view.current = null
      made.destroy()
    }
  }, [label, isReadOnly])

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new editor, made for another label, starts empty.
  useEffect(() => {
    const { current } = view
    if (current === null || value === current.state.doc.toString()) return
    current.dispatch({ changes: { from: 0, to: current.state.doc.length, insert: value } })
  }, [value, label, isReadOnly])

  useEffect(() => {
    const { current } = view
    if (current === null) return
    if (!problem) {
      current.dispatch(setDiagnostics(current.state, []))
      return
    }
    const line = current.state.doc.line(Math.max(1, Math.min(problem.line, current.state.doc.lines)))
    const from = Math.min(line.from + Math.max(0, problem.column - 1), line.to)
    const mark = { from, to: Math.min(from + 1, line.to), severity: 'error' as const, message: problem.message }
    current.dispatch(setDiagnostics(current.state, [mark]))
  }, [problem])

  useEffect(() => {
    const { current } = view
    if (current === null || !goTo) return
    const line = current.state.doc.line(Math.max(1, Math.min(goTo.line, current.state.doc.lines)))
    current.dispatch({
      selection: { anchor: line.from, head: line.to },
      effects: EditorView.scrollIntoView(line.from, { y: 'center' }),
    })
    current.focus()
  }, [goTo])

  return <div ref={box} className={classes.editor} data-tall={tall || undefined} />
}

const colours = HighlightStyle.define([
  { tag: tags.propertyName, color: 'var(--hook-key)' },
  { tag: tags.string, color: 'var(--hook-string)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--hook-number)' },
])

const look = EditorView.theme({
  '&': { height: '100%', fontSize: '12.5px', backgroundColor: 'transparent', color: 'var(--mantine-color-text)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--hook-font-mono)', lineHeight: '20px', overflow: 'auto' },
  '.cm-content': { padding: '8px 0', caretColor: 'var(--mantine-color-text)' },
  '.cm-cursor': { borderLeftColor: 'var(--mantine-color-text)' },
  '.cm-gutters': { backgroundColor: 'var(--hook-sunken)', color: 'var(--mantine-color-dimmed)', border: '0' },
  '.cm-foldPlaceholder': { backgroundColor: 'var(--hook-sunken)', border: '0', color: 'var(--mantine-color-dimmed)' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': {
    background: 'color-mix(in srgb, var(--mantine-color-tide-4) 32%, transparent) !important',
  },
  '&.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--hook-accent-soft)', outline: 'none' },
  '.cm-tooltip': {
    border: '1px solid var(--hook-line-strong)',
    backgroundColor: 'var(--hook-surface)',
    color: 'var(--mantine-color-text)',
  },
})

const setup = [
  lineNumbers(),
  foldGutter(),
  codeFolding(),
  history(),
  drawSelection(),
  highlightSpecialChars(),
  bracketMatching(),
  closeBrackets(),
  EditorView.lineWrapping,
  json(),
  syntaxHighlighting(colours),
  look,
]

const keys = [
  ...closeBracketsKeymap,
  ...historyKeymap,
  ...foldKeymap,
  ...lintKeymap,
  ...defaultKeymap.filter(({ key }) => key !== 'Mod-Enter' && key !== 'Tab'),
]
