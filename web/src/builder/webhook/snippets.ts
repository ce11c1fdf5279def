/** The same request as different people send it. Pure text; quoting is what can go wrong. */

export interface SnippetRequest {
  url: string
  /** Null when the webhook asks for none. */
  token: string | null
  /** The body, as JSON text. */
  body: string
}

export interface Snippet {
  name: string
  write(request: SnippetRequest): string
}

/** In the order of the menu. */
export const snippets: readonly Snippet[] = [
  { name: 'cURL', write: curl },
  { name: 'HTTPie', write: httpie },
  { name: 'JavaScript fetch', write: javascript },
  { name: 'Python requests', write: python },
]

function curl({ url, token, body }: SnippetRequest): string {
  return [
    `curl -X POST ${shellQuote(url)}`,
    ...(token === null ? [] : [`-H ${shellQuote(`Authorization: Bearer ${token}`)}`]),
    `-H 'Content-Type: application/json'`,
    `--data-raw ${shellQuote(body)}`,
  ].join(' \\\n  ')
}

function httpie({ url, token, body }: SnippetRequest): string {
  return [
    `printf %s ${shellQuote(body)} | http POST ${shellQuote(url)}`,
    ...(token === null ? [] : [shellQuote(`Authorization:Bearer ${token}`)]),
    `'Content-Type:application/json'`,
  ].join(' \\\n  ')
}

function javascript({ url, token, body }: SnippetRequest): string {
  const authorization = token === null ? '' : `\n    Authorization: ${JSON.stringify(`Bearer ${token}`)},`
  return `const response = await fetch(${JSON.stringify(url)}, {
  method: 'POST',
  headers: {${authorization}
    'Content-Type': 'application/json',
  },
  body: ${JSON.stringify(body)},
})
console.log(response.status, await response.text())`
}

function python({ url, token, body }: SnippetRequest): string {
  const authorization = token === null ? '' : `\n        "Authorization": ${JSON.stringify(`Bearer ${token}`)},`
  return `import requests

response = requests.post(
    ${JSON.stringify(url)},
    headers={${authorization}
        "Content-Type": "application/json",
    },
    data=${JSON.stringify(body)}.encode(),
)
print(response.status_code, response.text)`
}

/** Single quotes end, an escaped one, and begin again: the only quoting in which a shell reads nothing else. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
