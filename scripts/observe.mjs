// npm run observe -- IN_DIR OUT_DIR [--mode keripy|hardened]: builds what is missing, then observes.
import { join } from 'node:path'
import { build, install, must, requireNode, root } from './lib.mjs'

requireNode()
install()
build()
must(process.execPath, [join(root, 'dist', 'tests', 'parity', 'main.js'), ...process.argv.slice(2)])
