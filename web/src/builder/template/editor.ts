import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
  startCompletion,
} from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { jinjaLanguage } from '@codemirror/lang-jinja'
import { bracketMatching, HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { lintKeymap, type Diagnostic as Mark, setDiagnostics } from '@codemirror/lint'
import { Annotation, Compartment, EditorState, type Extension } from '@codemirror/state'
import { drawSelection, EditorView, highlightSpecialChars, keymap, placeholder } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { afterPress } from '../../components/after-press.ts'
import { completeTemplate, type TemplateScope } from './completion.ts'

/** The Jinja editor: a CodeMirror view with our completion, our colours, and Tab left to the page. */

export interface TemplateEditorOptions {
  parent: HTMLElement
  value: string
  label: string
  id: string | undefined
  multiline: boolean
  hint: string | undefined
  scope: () => TemplateScope
  onChange: (value: string) => void
  onFocus: () => void
  onBlur: () => void
}

export interface TemplateEditor {
  view: EditorView
  setValue(value: string): void
  /** Attributes of the text box: what describes it, whether it is wrong, whether it takes input. */
  describe(attributes: Record<string, string>, readOnly: boolean): void
}

/** One line and column of a template, both from 1. */
export interface TemplateMark {
  severity: 'error' | 'warning'
  message: string
  line: number
  column: number
}

const fromOutside = Annotation.define<boolean>()

export function createTemplateEditor(options: TemplateEditorOptions): TemplateEditor {
  const attributes = new Compartment()
  const base = { 'aria-label': options.label, ...(options.id === undefined ? {} : { id: options.id }) }
  const view = new EditorView({
    parent: options.parent,
    state: EditorState.create({
      doc: options.value,
      extensions: [
        ...language(options.scope),
        options.multiline ? EditorView.lineWrapping : oneLine,
        options.hint === undefined ? [] : placeholder(options.hint),
        attributes.of(EditorView.contentAttributes.of(base)),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !update.transactions.some((each) => each.annotation(fromOutside))) {
            options.onChange(update.state.doc.toString())
          }
          if (!update.focusChanged) return
          if (update.view.hasFocus) options.onFocus()
          else afterPress(() => update.view.hasFocus || options.onBlur())
        }),
      ],
    }),
  })
  return {
    view,
    setValue(value) {
      if (value === view.state.doc.toString()) return
      view.dispatch({
        changes: { from: 0, to: view.state.doc.length, insert: value },
        annotations: fromOutside.of(true),
      })
    },
    describe(more, readOnly) {
      view.dispatch({
        effects: attributes.reconfigure([
          EditorView.contentAttributes.of({ ...base, ...more }),
          EditorState.readOnly.of(readOnly),
          EditorView.editable.of(!readOnly),
        ]),
      })
    },
  }
}

/** Underlines what the server's engine found, at the place it names. */
export function markProblems(view: EditorView, problems: readonly TemplateMark[]): void {
  const { doc } = view.state
  const marks = problems.map(({ severity, message, line, column }): Mark => {
    const at = doc.line(Math.max(1, Math.min(line, doc.lines)))
    const from = Math.min(at.from + Math.max(0, column - 1), at.to)
    const word = /^[A-Za-z0-9_]+/.exec(doc.sliceString(from, at.to))?.[0].length ?? 1
    return { from: Math.max(at.from, Math.min(from, at.to - 1)), to: Math.min(from + word, at.to), severity, message }
  })
  view.dispatch(setDiagnostics(view.state, marks))
}

function language(scope: () => TemplateScope): Extension[] {
  return [
    history(),
    drawSelection(),
    highlightSpecialChars(),
    bracketMatching(),
    closeBrackets(),
    jinjaLanguage,
    jinjaLanguage.data.of({ closeBrackets: { brackets: ['{', '[', '(', '"'] } }),
    syntaxHighlighting(colours),
    autocompletion({ override: [completeTemplate(scope)], icons: false, activateOnTypingDelay: 60 }),
    EditorView.inputHandler.of((view, _from, _to, text) => {
      // A list right after the opening: names after a brace, filters after a bar, keys after a dot.
      if (/[{|.%\s]$/.test(text)) queueMicrotask(() => suggestAt(view))
      return false
    }),
    keymap.of([
      ...closeBracketsKeymap,
      ...completionKeymap,
      ...lintKeymap,
      ...historyKeymap,
      // Ctrl Enter runs the test, Ctrl D duplicates the step and Tab leaves the editor: none of them is the editor's.
      ...defaultKeymap.filter(({ key }) => key !== 'Mod-Enter' && key !== 'Tab' && key !== 'Mod-d'),
    ]),
    look,
  ]
}

function suggestAt(view: EditorView): void {
  const before = view.state.doc.sliceString(
    Math.max(0, view.state.selection.main.head - 40),
    view.state.selection.main.head,
  )
  if (/(\{\{\s?|\{%\s?|\|\s?|\w\.|\]\.)$/.test(before)) startCompletion(view)
}

/** A line break that is pasted into a one-line field becomes a space. */
const oneLine = EditorState.transactionFilter.of((transaction) => {
  if (!transaction.docChanged || transaction.newDoc.lines === 1) return transaction
  const text = transaction.newDoc.toString().replaceAll(/\s*\n\s*/g, ' ')
  return [
    { changes: { from: 0, to: transaction.startState.doc.length, insert: text }, selection: { anchor: text.length } },
  ]
})

const colours = HighlightStyle.define([
  { tag: [tags.brace, tags.paren], color: 'var(--hook-accent-text)' },
  { tag: [tags.variableName, tags.propertyName], color: 'var(--hook-info)' },
  { tag: tags.special(tags.variableName), color: 'var(--hook-key)' },
  { tag: [tags.keyword, tags.controlKeyword, tags.operatorKeyword, tags.definitionKeyword], color: 'var(--hook-key)' },
  { tag: tags.string, color: 'var(--hook-string)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--hook-number)' },
  { tag: tags.blockComment, color: 'var(--mantine-color-dimmed)', fontStyle: 'italic' },
])

const look = EditorView.theme({
  '&': { fontSize: '12.5px', backgroundColor: 'transparent', color: 'var(--mantine-color-text)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--hook-font-mono)', lineHeight: '20px', overflow: 'auto' },
  '.cm-content': { padding: '7px 0', caretColor: 'var(--mantine-color-text)' },
  '.cm-line': { padding: '0 10px' },
  '.cm-cursor': { borderLeftColor: 'var(--mantine-color-text)' },
  '.cm-placeholder': { color: 'var(--mantine-color-placeholder)' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': {
    background: 'color-mix(in srgb, var(--mantine-color-tide-4) 32%, transparent) !important',
  },
  '&.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--hook-accent-soft)', outline: 'none' },
  '.cm-tooltip': {
    border: '1px solid var(--hook-line-strong)',
    borderRadius: '8px',
    backgroundColor: 'var(--hook-surface)',
    color: 'var(--mantine-color-text)',
    boxShadow: 'var(--hook-shadow)',
    overflow: 'hidden',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--hook-font-mono)', maxHeight: '220px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '4px 10px', lineHeight: '18px' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': {
    backgroundColor: 'var(--hook-accent-soft)',
    color: 'var(--hook-accent-text)',
  },
  '.cm-completionDetail': { marginLeft: '14px', color: 'var(--mantine-color-dimmed)', fontStyle: 'normal' },
  'li[aria-selected] .cm-completionDetail': { color: 'inherit' },
  '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '700' },
  '.cm-diagnostic': { padding: '6px 10px', fontFamily: 'var(--hook-font-mono)', fontSize: '12px' },
})
