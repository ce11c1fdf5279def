// Sets the colour scheme before the first paint. A file of its own, since the Content-Security-Policy forbids inline scripts.
;(() => {
  let chosen = 'auto'
  try {
    chosen = localStorage.getItem('hookline-scheme') || 'auto'
  } catch {
    // Storage may be blocked; then the system's choice is taken.
  }
  const dark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light')
})()
