import { text, type Row, type Stored } from './held.ts'

/** Within so many bytes of its beginning a message names itself. */
const headBytes = 100

/**
 * What is wrong with how forks were decided, in words: the branch that came first stands and the other one is evidence,
 * wherever the log came so far. It looks at the messages alone, not at what the generator says becomes of them.
 */
export function forkFaults(rows: readonly Row[], messages: readonly Uint8Array[], held: Stored): string[] {
  const heads = messages.map((message) => Buffer.from(message.subarray(0, headBytes)))
  const arrived = (said: string): number =>
    heads.findIndex((head) => head.includes(said) || head.includes(Buffer.from(said, 'base64url')))
  return rows
    .filter(({ type }) => type === 'fork')
    .flatMap((row) => {
      const branches = [text(row['said']), text(row['other'])].toSorted((a, b) => arrived(a) - arrived(b))
      const [first = '', other = ''] = branches.map(
        (said) => `${text(row['aid'])} ${text(row['sn'])} ${said}`,
      )
      if (held.logged.has(other)) return [`the branch that came later stands: ${other}`]
      // The log ends before it: an event that led there was itself on a branch that came later.
      if (!held.logged.has(first)) return []
      return held.waiting.has(`${other} likely-duplicitous`) ? [] : [`no evidence of ${other}`]
    })
}
