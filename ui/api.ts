/** What the server answers: an object, or what is wrong in its words. */
export async function get<Answer>(path: string): Promise<Answer> {
  const response = await fetch(path)
  const answer = (await response.json()) as Answer & { description?: string }
  if (!response.ok) throw new Error(answer.description ?? `${path} answers ${response.status}`)
  return answer
}

/** Words for codes, names, and the samples to look at. */
export interface Words {
  readonly codes: Readonly<Record<string, string>>
  readonly samples: readonly string[]
  /** Kinds of escrows, but that of evidence. */
  readonly kinds: readonly string[]
  readonly verdicts: readonly string[]
  /** What the inspector takes at most. */
  readonly inspectBytes: number
}

export const wordsOf = async (): Promise<Words> => get<Words>('ui/words.json')
