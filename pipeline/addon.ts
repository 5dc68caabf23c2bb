import { addonPath, loadAddon, type Addon } from '../native/addon.ts'
import { PipelineError } from './errors.ts'
import { limits } from './limits.ts'

/** Loads the addon for a process of its own, or says what to do where it is not to be had. */
export function requireAddon(): Addon {
  try {
    const addon = loadAddon()
    addon.boundArenas(limits.allocatorArenas)
    return addon
  } catch (cause) {
    throw new PipelineError('native/missing', {
      what: `cannot load the native addon ${addonPath()}`,
      next: 'build it with "npm run build" (this needs Rust), then look at "kelpipe doctor"',
      cause,
    })
  }
}
