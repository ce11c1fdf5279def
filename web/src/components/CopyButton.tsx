import { ActionIcon, Button, Tooltip } from '@mantine/core'
import { Check, Copy } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'

interface CopyButtonProps {
  /** What is copied; a function when it has to be fetched first, as a secret is. */
  value: string | (() => Promise<string>)
  /** The button's name, as "Copy URL". */
  label: string
  /** With words on it instead of an icon alone. */
  wide?: boolean
  onError?: (error: unknown) => void
}

const shownMs = 1_600

/** Copies a text and says so in its own name, which screen readers speak. */
export function CopyButton({ value, label, wide, onError }: CopyButtonProps) {
  const [copied, setCopied] = useState(false)
  const timer = useRef(0)
  useEffect(() => () => clearTimeout(timer.current), [])

  const copy = async () => {
    try {
      await copyText(typeof value === 'string' ? value : await value())
      setCopied(true)
      clearTimeout(timer.current)
      timer.current = window.setTimeout(() => setCopied(false), shownMs)
    } catch (error) {
      onError?.(error)
    }
  }
  const name = copied ? `${label}: copied` : label
  const icon = copied ? <Check size={15} aria-hidden /> : <Copy size={15} aria-hidden />
  if (wide) {
    return (
      <Button variant="default" leftSection={icon} onClick={copy} aria-label={name} aria-live="polite">
        {copied ? 'Copied' : label}
      </Button>
    )
  }
  return (
    <Tooltip label={copied ? 'Copied' : label}>
      <ActionIcon
        size="lg"
        variant="default"
        color={copied ? 'tide' : 'gray'}
        onClick={copy}
        aria-label={name}
        aria-live="polite"
      >
        {icon}
      </ActionIcon>
    </Tooltip>
  )
}

/** Puts a text on the clipboard; over plain HTTP, where browsers withhold the clipboard, by way of a selection. */
export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard !== undefined) return navigator.clipboard.writeText(text)
  const area = document.createElement('textarea')
  area.value = text
  area.style.position = 'fixed'
  area.style.opacity = '0'
  document.body.append(area)
  area.select()
  const done = document.execCommand('copy')
  area.remove()
  if (!done) throw new Error('The browser refused to copy. Select the text and press Ctrl C.')
}
