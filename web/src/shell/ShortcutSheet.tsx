import { Modal } from '@mantine/core'
import { showSheet, usePalette } from './palette-state.ts'
import classes from './ShortcutSheet.module.css'
import { shortcutGroups } from './shortcuts.ts'

/** `?`: every shortcut of the product. */
export function ShortcutSheet() {
  const isOpen = usePalette((state) => state.isSheetOpen)
  return (
    <Modal
      opened={isOpen}
      onClose={() => showSheet(false)}
      title="Keyboard shortcuts"
      size={720}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <div className={classes.groups}>
        {shortcutGroups.map(({ title, keys }) => (
          <section key={title}>
            <h2 className={classes.title}>{title}</h2>
            <dl className={classes.keys}>
              {keys.map(([combination, what]) => (
                <div key={combination} className={classes.line}>
                  <dt>{what}</dt>
                  <dd>
                    <kbd className={classes.kbd}>{combination}</kbd>
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Modal>
  )
}
