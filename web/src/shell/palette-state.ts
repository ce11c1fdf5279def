import { create } from 'zustand'

/** Things the palette offers besides places and flows: the page that is shown registers its own commands. */
export interface PaletteCommand {
  id: string
  label: string
  /** Shown at the end of its line, as its keys. */
  detail?: string
  run: () => void
}

interface PaletteState {
  isOpen: boolean
  isSheetOpen: boolean
  commands: readonly PaletteCommand[]
}

export const usePalette = create<PaletteState>(() => ({ isOpen: false, isSheetOpen: false, commands: [] }))

export const openPalette = () => usePalette.setState({ isOpen: true })
export const closePalette = () => usePalette.setState({ isOpen: false })
export const showSheet = (isSheetOpen: boolean) => usePalette.setState({ isSheetOpen })

/** Puts a page's commands into the palette until the returned function is called. */
export function offerCommands(commands: readonly PaletteCommand[]): () => void {
  usePalette.setState({ commands })
  return () => usePalette.setState((state) => (state.commands === commands ? { commands: [] } : state))
}
