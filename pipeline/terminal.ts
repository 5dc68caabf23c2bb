import { printable } from './errors.ts'

/** Writes words to the person at the terminal: to standard error, so that data alone is on standard output. */
export function say(text: string): void {
  process.stderr.write(`${text.split('\n').map(printable).join('\n')}\n`)
}
