import { parentPort, workerData } from 'node:worker_threads'

import { abandon, bind, verify } from './exercise.mjs'

const { addonPath, source, rounds } = workerData
const binding = bind(addonPath)
let accepted = 0
for (let round = 0; round < rounds; round += 1) {
  accepted += await verify(binding, source)
  await abandon(binding, source)
  report({ round })
}
report({ accepted })

/** To the thread that started this one; there is no origin to name, as there is between windows. */
function report(message) {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  parentPort.postMessage(message)
}
