import { announce } from '../components/Announcer.tsx'
import { JsonView } from '../components/JsonView.tsx'
import classes from './DataTree.module.css'
import { SamplePicker } from './SamplePicker.tsx'
import { expressionOf } from './template/expression.ts'
import { useInsertTarget, useTemplateScope } from './template/template-context.ts'

/** What templates of this step can speak of; click or Enter puts an expression at the cursor. Always in view, never on hover. */
export function DataTree({ height = 260 }: { height?: number }) {
  const { values, names } = useTemplateScope()
  const target = useInsertTarget()
  const missing = names.filter((name) => !Object.hasOwn(values, name))
  return (
    <section className={classes.data} aria-labelledby="data-tree-title">
      <div className={classes.head}>
        <h3 id="data-tree-title" className={classes.title}>
          Data you can insert
        </h3>
        <SamplePicker />
      </div>
      <JsonView
        value={values}
        label="Data you can insert"
        openLevels={3}
        maxHeight={height}
        onPick={({ path }) => {
          if (target.current === null) {
            announce('Put the cursor into a field first')
            return
          }
          target.current(path)
          announce(`Inserted ${expressionOf(path)}`)
        }}
      />
      {missing.length > 0 ? (
        <p className={classes.missing}>
          {missing.map((name) => (
            <code key={name}>{name}</code>
          ))}
          not run yet: run a test to see what {missing.length === 1 ? 'it yields' : 'they yield'}
        </p>
      ) : null}
    </section>
  )
}
