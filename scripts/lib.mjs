// What the scripts share. They run on plain Node, before anything is installed.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the project. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Where the addon and the command line are built to. */
export const addonPath = join(root, 'native', 'addon', 'kelpipe.node')
export const mainPath = join(root, 'dist', 'pipeline', 'main.js')

const skippedFolders = new Set(['node_modules', 'target', 'dist', 'addon', 'tests', 'fuzz', '.git'])

/** Runs a command with this terminal; a failure ends the script with what to do. */
export function must(command, args, hint) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  if (status === 0) return
  const why = error ? error.message : `it ended with status ${status}`
  console.error(`\n${command} ${args.join(' ')} failed: ${why}${hint ? `\n  next: ${hint}` : ''}`)
  process.exit(1)
}

/** Ends the script on a Node that is too old. */
export function requireNode() {
  const wanted = /(\d+)\.(\d+)/.exec(
    JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).engines.node,
  )
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > Number(wanted[1]) || (major === Number(wanted[1]) && minor >= Number(wanted[2]))) return
  console.error(`kelpipe needs Node ${wanted[0]} or later; this is ${process.version}`)
  process.exit(1)
}

/** Installs the locked dependencies if they are missing or older than the lock file. */
export function install() {
  const installed = join(root, 'node_modules', '.package-lock.json')
  if (modified(installed) >= modified(join(root, 'package-lock.json'))) return
  console.error('installing the locked dependencies ...')
  must('npm', ['ci', '--no-audit', '--no-fund'], 'the package registry must be reachable once')
}

/** Builds the addon and the TypeScript if they are missing or older than their sources. */
export function build({ always = false } = {}) {
  if (always || isOlder(addonPath, ['native', 'Cargo.toml', 'Cargo.lock'], ['.rs', '.toml', '.lock']))
    buildAddon()
  if (
    always ||
    isOlder(
      mainPath,
      ['native', 'operators', 'pipeline', 'tests/parity', 'ui', 'tsconfig.json', 'tsconfig.build.json'],
      ['.ts', '.json'],
    )
  )
    buildTypeScript()
}

function buildAddon() {
  console.error('building the native addon ...')
  const output = join(root, 'target', 'addon')
  must(
    process.execPath,
    [
      join(root, 'node_modules', '@napi-rs', 'cli', 'dist', 'cli.js'),
      'build',
      '--release',
      '--package=kelpipe-node',
      '--manifest-path=native/node/Cargo.toml',
      '--package-json-path=package.json',
      `--output-dir=${output}`,
      '--',
      '--locked',
    ],
    'install Rust 1.88 or later (rustup), then run this again',
  )
  mkdirSync(dirname(addonPath), { recursive: true })
  // A running process may have the old file mapped: it is replaced, never written to.
  copyFileSync(join(output, 'kelpipe.node'), `${addonPath}.new`)
  renameSync(`${addonPath}.new`, addonPath)
}

function buildTypeScript() {
  console.error('compiling the TypeScript ...')
  rmSync(join(root, 'dist'), { recursive: true, force: true })
  for (const project of ['tsconfig.build.json', 'ui'])
    must(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', project])
  chmodSync(mainPath, 0o755)
}

/** Whether a file is missing or older than any source with one of the endings. */
function isOlder(path, sources, endings) {
  const built = modified(path)
  return built === 0 || sources.some((source) => newest(join(root, ...source.split('/')), endings) > built)
}

function newest(path, endings) {
  if (!existsSync(path)) return 0
  if (!statSync(path).isDirectory()) return modified(path)
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) =>
      entry.isDirectory()
        ? !skippedFolders.has(entry.name)
        : endings.some((ending) => entry.name.endsWith(ending)),
    )
    .map((entry) => newest(join(path, entry.name), endings))
    .reduce((a, b) => Math.max(a, b), 0)
}

const modified = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0)
