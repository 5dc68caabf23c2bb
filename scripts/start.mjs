// npm start: installs and builds what is missing, then takes the samples in and says what to try next.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import { build, install, mainPath, requireNode, root } from './lib.mjs'

/** How an ingest of the samples ends: one of them is duplicitous, which is the first thing to say; once known, nothing. */
const duplicitySeen = 5
const nothingNew = 0

requireNode()
install()
build()

const samples = join(root, 'examples')
const store = join(root, 'kelpipe-data')
const again = existsSync(join(store, 'data.mdb'))
const shown = (path) => relative(process.cwd(), path) || '.'
console.error(
  `taking the streams in ${shown(samples)}/ into the database ${shown(store)}/${again ? ', which is there already' : ''}\n`,
)
const { status } = spawnSync(process.execPath, [mainPath, 'ingest', samples, '--store', store], {
  stdio: 'inherit',
})
if (status !== duplicitySeen && !(again && status === nothingNew)) process.exit(status || 1)

console.log(`
The samples hold streams of every kind, also such as must be refused or have to wait (examples/README.md).
Try next:
  npx kelpipe state                          every AID in the database and its key state
  npx kelpipe ingest FILE                    take in a stream of your own
  npx kelpipe verify --verdicts - FILE       one verdict a line, nothing kept
  npx kelpipe --help                         all that it can do`)
