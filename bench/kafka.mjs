// npm run bench:kafka [-- --events N] [--save] [--json FILE]: from a topic to durable and published, on a local broker.
// In one run: whole workers with records of one event and of 64 KB, with transactions and without, one worker and two;
// beside them file ingest of the same events, and the client alone doing the same consuming and producing.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { appendFileSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { kafkajsClient } from '../dist/pipeline/kafka/client/kafkajs/index.js'
import { packed } from '../dist/pipeline/kafka/client/packed.js'
import { partitionOf } from '../dist/pipeline/kafka/murmur2.js'
import { folder, print, root, row } from './lib.mjs'
import { compare, keep } from './results.mjs'

const partitions = 4
const given = process.argv.indexOf('--events')
/** Enough that workers run warm for most of them. */
const events = given > 0 ? Number(process.argv[given + 1]) : 400_000
const perAid = 150
/** How often everything is measured, in turns. */
const turns = 3
/** What workers that are started side by side need to join their group. */
const startMs = 3_000
const port = 20_000 + Math.floor(Math.random() * 10_000)
const address = `127.0.0.1:${port}`
const main = join(root, 'dist', 'pipeline', 'main.js')
const script = join(root, 'deploy', 'kafka', 'broker')

const connection = {
  brokers: [address],
  clientId: 'bench',
  sessionTimeoutMs: 30_000,
  heartbeatMs: 3_000,
  rebalanceTimeoutMs: 30_000,
  connectTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
  transactionTimeoutMs: 60_000,
  fetchBytesPerPartition: 2 ** 20,
  fetchBytes: 2 ** 24,
  fetchWaitMs: 100,
}

function must(command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 28 })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr.slice(-1000)}`)
  return stdout
}

/** Waits until what was written before is on the disk, which would otherwise be busy with it. */
const settle = () => must('sync', [])

/** One worker and two, with transactions and without. */
const kinds = (size) =>
  [1, 2].flatMap((count) =>
    [true, false].map((transactions) => ({
      what: `${count} worker${count > 1 ? 's' : ''}, ${size}, ${transactions ? 'exactly once' : 'at least once'}`,
      count,
      transactions,
    })),
  )

/** The events as messages with their AIDs, in an order in which AIDs take turns. */
function load() {
  const path = join(folder, 'load.cesr')
  const aids = Math.ceil(events / perAid)
  must(process.execPath, [
    main,
    'gen',
    '--aids',
    `${aids}`,
    '--events',
    `${perAid}`,
    '--interleave',
    '64',
    '--out',
    path,
    '--quiet',
  ])
  const text = readFileSync(path, 'latin1')
  const messages = []
  for (let start = 0; start < text.length;) {
    const next = text.indexOf('{"v":"', start + 1)
    const end = next < 0 ? text.length : next
    messages.push({
      aid: /"i":"([^"]+)"/.exec(text.slice(start, start + 200))[1],
      bytes: Buffer.from(text.slice(start, end), 'latin1'),
    })
    start = end
  }
  return { path, messages }
}

/** Messages of one AID side by side in records of about so many bytes. */
function together(messages, bytesMax) {
  const open = new Map()
  const records = []
  for (const { aid, bytes } of messages) {
    const record = open.get(aid) ?? { aid, parts: [], bytes: 0 }
    record.parts.push(bytes)
    record.bytes += bytes.length
    open.set(aid, record)
    if (record.bytes < bytesMax) continue
    records.push(record)
    open.delete(aid)
  }
  return [...records, ...open.values()].map(({ aid, parts }) => ({ aid, bytes: Buffer.concat(parts) }))
}

async function fill(client, topic, records) {
  await client.create([{ topic, partitions, replicas: 1, settings: {} }])
  const producer = await client.producer()
  let batch = []
  let bytes = 0
  const flush = async () => {
    if (batch.length > 0) await producer.send(packed(batch))
    batch = []
    bytes = 0
  }
  for (const { aid, bytes: value } of records) {
    batch.push({ topic, partition: partitionOf(Buffer.from(aid), partitions), key: aid, value, headers: {} })
    bytes += value.length
    if (bytes > 500_000) await flush()
  }
  await flush()
  await producer.close()
}

const committed = async (client, group, topic, partition) =>
  Number((await client.committed(group, [topic], partition))[0]?.offset ?? 0n)

/** Whole workers; resolves to the rate, and to their CPU time in microseconds an event. */
async function workers(client, name, topic, count, transactions) {
  const last = await ends(client, topic)
  const total = last.reduce((a, b) => a + b, 0)
  const group = `bench-${name}`
  const children = Array.from({ length: count }, (_, number) => {
    const settings = {
      'kafka.brokers': address,
      'source.topic': topic,
      'source.group': group,
      ...Object.fromEntries(
        ['accepted', 'escrows', 'exchange', 'deadLetters'].map((sink) => [
          `sinks.${sink}`,
          `${name}-${sink}`,
        ]),
      ),
      'sinks.states': 'null',
      'sinks.duplicity': 'null',
      'sinks.replicas': '1',
      guarantee: transactions ? 'exactly-once' : 'at-least-once',
      store: join(folder, `${name}-${number}`),
      http: '127.0.0.1:0',
    }
    const flags = Object.entries(settings).flatMap(([place, value]) => ['--set', `${place}=${value}`])
    return spawn(process.execPath, [main, 'run', ...flags], { stdio: ['ignore', 'ignore', 'pipe'] })
  })
  const said = children.map((child) => {
    const text = { all: '' }
    child.stderr.on('data', (piece) => (text.all += piece))
    return text
  })
  for (let open = 0; open < partitions; await setTimeout(20))
    open = new Set(
      said.flatMap(({ all }) => [...all.matchAll(/\/(\d+): going on/g)].map(([, number]) => number)),
    ).size
  const start = performance.now()
  const used = cpuOf(children)
  let before = 0
  for (const partition of last.keys()) before += await committed(client, group, topic, partition)
  // Asking costs the machine that is measured: it is done again after half the time that the rest will take.
  for (const [partition, end] of last.entries())
    for (let at = 0; ;) {
      at = await committed(client, group, topic, partition)
      if (at >= end) break
      const restMs = ((performance.now() - start) * (end - at)) / Math.max(1, at)
      await setTimeout(Math.min(500, Math.max(20, restMs / 2)))
    }
  const seconds = (performance.now() - start) / 1000
  const now = cpuOf(children)
  for (const child of children) child.kill('SIGTERM')
  await Promise.all(children.map(async (child) => child.exitCode ?? once(child, 'exit')))
  for (const number of children.keys()) rmSync(join(folder, `${name}-${number}`), { recursive: true })
  const share = (total - before) / total
  const each = (time) => (time * 1e6) / (events * share)
  return {
    rate: (events * share) / seconds,
    cpu: { main: each(now.main - used.main), others: each(now.others - used.others) },
  }
}

/** Seconds of CPU that processes have had: of their main threads, and of all others. */
function cpuOf(children) {
  const times = { main: 0, others: 0 }
  for (const { pid } of children)
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const fields = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1').split(') ')[1].split(' ')
      times[Number(thread) === pid ? 'main' : 'others'] += (Number(fields[11]) + Number(fields[12])) / ticks
    }
  return times
}

/** Ticks of the system's clock for CPU times in a second. */
const ticks = 100

async function ends(client, topic) {
  return Promise.all(
    Array.from({ length: partitions }, async (_, partition) => Number(await client.end(topic, partition))),
  )
}

/** The client alone: the same records taken, and as many of the same size sent in transactions with offsets. */
async function clientAlone(client, name, topic, messages) {
  const total = (await ends(client, topic)).reduce((a, b) => a + b, 0)
  const out = `${name}-out`
  await client.create([{ topic: out, partitions, replicas: 1, settings: {} }])
  const group = `bench-${name}`
  const producers = await Promise.all(
    Array.from({ length: partitions }, async (_, partition) => client.transactional(`${name}-${partition}`)),
  )
  const perRecord = messages.length / total
  const [sample] = messages
  const member = client.member({ group, topics: [topic], preferred: () => [] })
  let done = 0
  let finish
  const finished = new Promise((resolve) => (finish = resolve))
  let start
  await member.join({
    assigned: () => {
      start ??= performance.now()
    },
    troubled: () => {},
    failed: (error) => {
      throw error
    },
    records: async ({ partition, records }) => {
      const producer = producers[partition]
      await producer.begin()
      const sent = Math.round(records.length * perRecord)
      const headers = { sn: '1', said: sample.aid, ilk: 'ixn', fn: '1' }
      const record = { topic: out, partition, key: sample.aid, value: sample.bytes, headers }
      for (let at = 0; at < sent; at += 1200)
        await producer.send(packed(Array.from({ length: Math.min(1200, sent - at) }, () => record)))
      await producer.offsets(group, [{ topic, partition, offset: records.next, metadata: '' }])
      await producer.commit()
      done += records.length
      if (done >= total) finish()
    },
  })
  await finished
  const seconds = (performance.now() - start) / 1000
  await member.leave()
  for (const producer of producers) await producer.close()
  return { rate: events / seconds }
}

/** File ingest of the same events into a database of its own. */
function fileIngest(path, name) {
  const store = join(folder, name)
  const { seconds } = JSON.parse(must(process.execPath, [main, 'ingest', path, '--store', store, '--json']))
  rmSync(store, { recursive: true })
  return { rate: events / seconds }
}

must(script, ['format', join(folder, 'broker'), `${port}`])
// Workers that are started side by side share the partitions from the first: none begins what the other has to do again.
appendFileSync(join(folder, 'broker', 'server.properties'), `\ngroup.initial.rebalance.delay.ms=${startMs}\n`)
const broker = spawn(script, ['run', join(folder, 'broker')], { stdio: 'ignore' })
try {
  let client
  while (!client) client = await kafkajsClient(connection).catch(() => undefined)
  const { path, messages } = load()
  const loads = { '600 B': messages, '64 KB': together(messages, 60_000) }
  const topicOf = (size) => `bench-${size.replace(' ', '')}`
  for (const [size, records] of Object.entries(loads)) await fill(client, topicOf(size), records)
  /** Of everything the best of as many turns: what else runs on the machine neither lowers it nor raises the bar. */
  const best = new Map()
  const measured = async (what, run) => {
    settle()
    const result = await run()
    if (result.rate > (best.get(what)?.rate ?? 0)) best.set(what, result)
  }
  for (let turn = 1; turn <= turns; turn += 1) {
    await measured('file ingest', () => fileIngest(path, `file-${turn}`))
    for (const size of Object.keys(loads)) {
      const topic = topicOf(size)
      await measured(`client alone, ${size}, transactions`, () =>
        clientAlone(client, `${topic}-alone-${turn}`, topic, messages),
      )
      for (const { what, count, transactions } of kinds(size))
        await measured(what, () =>
          workers(client, `${topic}-${count}-${transactions}-${turn}`, topic, count, transactions),
        )
    }
  }
  const file = best.get('file ingest').rate
  const rows = []
  const cpu = {}
  for (const size of Object.keys(loads)) {
    const alone = best.get(`client alone, ${size}, transactions`).rate
    const bar = Math.min(0.6 * file, 0.8 * alone)
    rows.push(row(`client alone, ${size}, transactions`, 'events/s', alone, file))
    for (const { what } of kinds(size)) {
      rows.push(row(what, 'events/s', best.get(what).rate, bar, 1))
      cpu[what] = best.get(what).cpu
    }
  }
  rows.push(row('file ingest', 'events/s', file, file))
  print(rows)
  console.log('(beside workers: 60 % of file ingest or 80 % of the client alone, whichever is smaller)')
  for (const [what, { main: own, others }] of Object.entries(cpu))
    console.log(
      `${what}: µs of CPU an event: ${own.toFixed(1)} of main threads (client, outbox, reads of the store), ${others.toFixed(1)} of all others (the core, writes of the store)`,
    )
  compare('kafka', rows)
  keep('kafka', rows, { events, cpu })
  await client.close()
} finally {
  broker.kill('SIGKILL')
}
