import { limits } from '../limits.ts'
import { exitCodes } from '../summary.ts'

/** The first signal stops the sources and lets the run come to its end; a second one ends the process at once. */
export function onSignals(stop: () => void): () => void {
  let stopping = false
  const handle = (): void => {
    if (stopping) process.exit(exitCodes.interrupted)
    stopping = true
    stop()
    setTimeout(() => process.exit(exitCodes.interrupted), limits.stopMs).unref()
  }
  process.on('SIGINT', handle)
  process.on('SIGTERM', handle)
  return () => {
    process.off('SIGINT', handle)
    process.off('SIGTERM', handle)
  }
}
