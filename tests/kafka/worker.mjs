// One worker of the fault test, in a process of its own. It kills itself at a named step: what the program is built of is
// wrapped from outside, so the product knows nothing of it. Its argument is JSON: see `Plan` in tests/support/faults.ts.
import { map } from 'rxjs'

import { loadAddon } from '../../dist/native/addon.js'
import { kafkajsClient } from '../../dist/pipeline/kafka/client/kafkajs/index.js'
import { Worker } from '../../dist/pipeline/kafka/worker.js'
import { limits } from '../../dist/pipeline/limits.js'
import { openStore } from '../../dist/pipeline/store/lmdb.js'

const plan = JSON.parse(process.argv[2])
let left = plan.fault?.after ?? 0
let armed = false
process.on('message', () => (armed = true))
process.channel.unref()

/** A line of the log, with when it was written. */
const tell = (text) => console.log(`${new Date().toISOString()} ${text}`)

/** A step is reached; the process ends there if its time has come. */
function reach(step) {
  if (!armed || step !== plan.fault?.step) return
  left -= 1
  if (left > 0) return
  tell(`is killed ${step}`)
  process.kill(process.pid, 'SIGKILL')
}

/** The same call, with the steps before and after it. */
const around =
  (step, call) =>
  async (...values) => {
    reach(`before ${step}`)
    const result = await call(...values)
    reach(`after ${step}`)
    return result
  }

const faultyProducer = (producer) => ({
  begin: around('begin', () => producer.begin()),
  send: around('send', (sets) => producer.send(sets)),
  offsets: around('sendOffsets', (group, offsets) => producer.offsets(group, offsets)),
  commit: around('commit', () => producer.commit()),
  abort: () => producer.abort(),
  close: () => producer.close(),
})

const faultyMember = (member) => ({
  join: (handler) =>
    member.join({
      assigned: (partitions) => handler.assigned(partitions),
      troubled: (error) => handler.troubled(error),
      failed: (error) => handler.failed(error),
      records: around('fetch', (batch, signal) => handler.records(batch, signal)),
    }),
  seek: (...values) => member.seek(...values),
  pause: (...values) => member.pause(...values),
  resume: (...values) => member.resume(...values),
  commit: (offsets) => member.commit(offsets),
  leave: () => member.leave(),
})

const faultyClient = (client) => ({
  ...client,
  transactional: async (id) => faultyProducer(await client.transactional(id)),
  member: (options) => faultyMember(client.member(options)),
})

/** A commit is seen by readers before it is on disk: between the two lies a step of its own. */
function faultyStore(store) {
  const commit = async (writes, meta) => {
    const name = [...meta.keys()].find((each) => each.startsWith('kafka/outbox/') && meta.get(each))
    if (!name) {
      await store.commit(writes, meta)
      return
    }
    reach('before store')
    const done = store.commit(writes, meta)
    void seen(store, name)
    await done
    reach('after flush')
  }
  return Object.assign(Object.create(store), {
    commit,
    fetch: (requests) => store.fetch(requests),
    get: (table, key) => store.get(table, key),
    scan: (table, range) => scanned(store, table, range),
    count: (table) => store.count(table),
    stats: () => store.stats(),
    close: () => store.close(),
  })
}

async function seen(store, name) {
  for (let turns = 0; turns < 1000; turns += 1) {
    await new Promise((resolve) => setImmediate(resolve))
    if (store.get('meta', Buffer.from(name))) {
      reach('after store')
      reach('before flush')
      return
    }
  }
}

/** With the replay of the outbox switched off, nothing of it is found again. */
function scanned(store, table, range) {
  const prefix = range?.prefix && Buffer.from(range.prefix).toString()
  return !plan.replay && prefix === 'kafka/outbox/' ? [] : store.scan(table, range)
}

const watch = (run) => ({
  ...run,
  engine: { ...run.engine, settle: around('settle', (...values) => run.engine.settle(...values)) },
  sources: run.sources.map((source) => ({
    name: source.name,
    endless: source.endless,
    chunks: (context) => source.chunks(context),
    frames: (context) =>
      source.frames(context).pipe(
        map((frames) => ({
          ...frames,
          ack: () => {
            reach('before ack')
            frames.ack()
            reach('after ack')
          },
        })),
      ),
  })),
})

const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())
const client = await kafkajsClient(plan.connection)
const worker = new Worker({
  client: faultyClient(client),
  addon: loadAddon(),
  engine: plan.engine,
  limits: { ...limits, kafkaBatchBytes: plan.batchBytes, kafkaCopyMs: 2_000 },
  group: plan.group,
  topics: plan.topics,
  keyed: true,
  transactions: true,
  commit: 'group',
  openStore: async (folder) => faultyStore(await openStore(folder)),
  directory: plan.directory,
  replicas: 1,
  standby: plan.standby,
  watch,
  sent: (partition, entries) => {
    const [first, last] = [entries[0], entries.at(-1)]
    const records = entries.reduce((sum, each) => sum + each.records, 0)
    const places = Array.from(last.positions, ([role, { offset, skip }]) => `${role} ${offset}+${skip}`)
    tell(
      `${plan.topics.input}/${partition}: sent ${first.sequence}-${last.sequence}, ${records} records, ${places.join(', ')}`,
    )
  },
  note: tell,
})
await worker.run(stop.signal)
await client.close()
