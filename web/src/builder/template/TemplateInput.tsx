import { type Ref, useEffect, useEffectEvent, useRef } from 'react'
import { createTemplateEditor, markProblems, type TemplateEditor, type TemplateMark } from './editor.ts'
import { insertionFor } from './expression.ts'
import classes from './TemplateInput.module.css'
import { useInsertTarget, useTemplateScope } from './template-context.ts'

export interface TemplateFieldProps {
  value: string
  onChange: (value: string) => void
  label: string
  id?: string | undefined
  multiline?: boolean | undefined
  placeholder?: string | undefined
  describedBy?: string | undefined
  invalid?: boolean | undefined
  readOnly?: boolean | undefined
  problems?: readonly TemplateMark[] | undefined
  onFocus?: (() => void) | undefined
  onBlur?: (() => void) | undefined
  ref?: Ref<HTMLDivElement> | undefined
}

const noProblems: readonly TemplateMark[] = []

export default function TemplateInput(props: TemplateFieldProps) {
  const { value, label, id, multiline = false, describedBy, invalid, readOnly = false, problems = noProblems } = props
  const box = useRef<HTMLDivElement>(null)
  const editor = useRef<TemplateEditor>(null)
  const target = useInsertTarget()
  const scope = useTemplateScope()
  const onChange = useEffectEvent(props.onChange)
  const onBlur = useEffectEvent(() => props.onBlur?.())
  const currentScope = useEffectEvent(() => scope)
  const onFocus = useEffectEvent(() => {
    target.current = (path) => {
      const view = editor.current?.view
      if (view === undefined) return
      const { from } = view.state.selection.main
      view.dispatch(view.state.replaceSelection(insertionFor(path, view.state.doc.sliceString(0, from))))
      view.focus()
    }
    props.onFocus?.()
  })
  const hint = props.placeholder

  useEffect(() => {
    if (box.current === null) return
    const made = createTemplateEditor({
      parent: box.current,
      value: '',
      label,
      id,
      multiline,
      hint,
      scope: () => currentScope(),
      onChange: (text) => onChange(text),
      onFocus: () => onFocus(),
      onBlur: () => onBlur(),
    })
    editor.current = made
    return () => {
      editor.current = null
      target.current = null
      made.view.destroy()
    }
  }, [label, id, multiline, hint, target])

  useEffect(() => editor.current?.setValue(value), [value, label, id, multiline, hint])
  useEffect(() => {
    editor.current?.describe(
      {
        ...(describedBy === undefined ? {} : { 'aria-describedby': describedBy }),
        ...(invalid ? { 'aria-invalid': 'true' } : {}),
        ...(readOnly ? { 'aria-disabled': 'true' } : {}),
      },
      readOnly,
    )
  }, [describedBy, invalid, readOnly, label, id, multiline, hint])
  useEffect(() => {
    if (editor.current) markProblems(editor.current.view, problems)
  }, [problems, value])

  return (
    <div
      ref={box}
      className={classes.editor}
      data-multiline={multiline || undefined}
      data-invalid={invalid || undefined}
      data-readonly={readOnly || undefined}
    />
  )
}
