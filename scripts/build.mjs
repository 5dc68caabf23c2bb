// npm run build: the native addon and the TypeScript, from their sources.
import { build, install, requireNode } from './lib.mjs'

requireNode()
install()
build({ always: true })
