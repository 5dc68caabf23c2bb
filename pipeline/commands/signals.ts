import { limits } from '../limits.ts'
import { exitCodes } from '../summary.ts'

/** The first signal stops the sources and lets the run come to its end; a second one ends the process at once. */
export function onSignals(stop: () => void): () => void {
  let deadline: NodeJS.Timeout | undefined
  const handle = (): void => {
    if (deadline) process.exit(exitCodes.interrupted)
    deadline = setTimeout(() => process.exit(exitCodes.interrupted), limits.stopMs).unref()
    stop()
  }
  process.on('SIGINT', handle)
  process.on('SIGTERM', handle)
  return () => {
    clearTimeout(deadline)
    process.off('SIGINT', handle)
    process.off('SIGTERM', handle)
  }
}
