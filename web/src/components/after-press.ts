let isPressed = false
const waiting: (() => void)[] = []

addEventListener('pointerdown', () => (isPressed = true), true)
for (const end of ['pointerup', 'pointercancel'] as const) {
  addEventListener(
    end,
    () => {
      isPressed = false
      // The click comes right behind this event.
      setTimeout(() => {
        for (const act of waiting.splice(0)) act()
      })
    },
    true,
  )
}

/**
 * Does something at once, or, while a button of the mouse or a finger is down, when it has been lifted. To be used for what a
 * field shows or hides when it is left: whatever moves between press and release loses the click that left the field.
 */
export function afterPress(act: () => void): void {
  if (isPressed) waiting.push(act)
  else act()
}
