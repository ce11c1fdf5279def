import { type Ref, useEffect, useEffectEvent, useRef, useState } from 'react'
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
  const [editor, setEditor] = useState<TemplateEditor | null>(null)
  const target = useInsertTarget()
  const scope = useTemplateScope()
  const onChange = useEffectEvent(props.onChange)
  const onBlur = useEffectEvent(() => props.onBlur?.())
  const currentScope = useEffectEvent(() => scope)
  const onFocus = useEffectEvent(() => {
    target.current = (path) => {
      if (editor === null) return
      const { view } = editor
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
    setEditor(made)
    return () => {
      setEditor(null)
      target.current = null
      made.view.destroy()
    }
  }, [label, id, multiline, hint, target])

  useEffect(() => editor?.setValue(value), [editor, value])
  useEffect(() => {
    editor?.describe(
      {
        ...(describedBy === undefined ? {} : { 'aria-describedby': describedBy }),
        ...(invalid ? { 'aria-invalid': 'true' } : {}),
        ...(readOnly ? { 'aria-disabled': 'true' } : {}),
      },
      readOnly,
    )
  }, [editor, describedBy, invalid, readOnly])
  useEffect(() => {
    if (editor !== null) markProblems(editor.view, problems)
  }, [editor, problems])

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
