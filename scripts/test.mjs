// npm test: everything. What is missing is installed and built first; the crates' tests come before those of the
// boundary and of the whole, whose closing lines stand last.
import { build, install, must, requireNode, root } from './lib.mjs'
import { join } from 'node:path'

requireNode()
install()
build()
must('cargo', ['test', '--workspace', '--locked', '--profile', 'checks'])
must(process.execPath, [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run'])
