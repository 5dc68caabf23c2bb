import type { Reporter, TestModule } from 'vitest/node'

/** Ends a run with one line that any tool can read; before it, on stderr too, what failed: logs are often cut off. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly { readonly message: string }[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0 }
    for (const { message } of errors) console.error(`FAILED outside of a test: ${message}`)
    for (const module of modules) {
      for (const { message } of module.errors()) console.error(`FAILED ${module.moduleId}: ${message}`)
      for (const test of module.children.allTests()) {
        const { state, errors: why } = test.result()
        if (state !== 'pending') counts[state] += 1
        for (const { message } of why ?? [])
          console.error(`FAILED ${module.relativeModuleId} > ${test.fullName}: ${message}`)
      }
    }
    const { passed, failed, skipped } = counts
    console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
  }
}
