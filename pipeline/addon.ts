import { addonPath, loadAddon, type Addon } from '../native/addon.ts'
import { PipelineError } from './errors.ts'

/** Loads the addon, or says what to do where it is not to be had. */
export function requireAddon(): Addon {
  try {
    return loadAddon()
  } catch (cause) {
    throw new PipelineError('native/missing', {
      what: `cannot load the native addon ${addonPath()}`,
      next: 'build it with "npm run build" (this needs Rust), then look at "kelpipe doctor"',
      cause,
    })
  }
}
