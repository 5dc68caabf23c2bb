import { Option, type Command } from 'commander'

import type { Config } from '../config/config.ts'
import { connectionOf, topicsOf } from '../config/worker.ts'
import type { Client, LogRecord, OutRecord } from '../kafka/client/client.ts'
import { packed } from '../kafka/client/packed.ts'
import { connect } from '../kafka/client/index.ts'
import { cutHeader } from '../kafka/dead.ts'
import { requests } from '../kafka/delivery.ts'
import { takeUpLimits } from '../limits.ts'
import { say } from '../terminal.ts'
import { configFlags, type ConfigFlags } from './config.ts'
import { whole } from './selection.ts'

interface DlqFlags extends ConfigFlags {
  readonly config?: string
  readonly reason?: string
  readonly partition?: number
  readonly offset?: number
  readonly json?: true
}

interface Letter {
  readonly partition: number
  readonly record: LogRecord
}

/** `dlq`: what could not be taken in. */
export function dlqCommand(program: Command): Command {
  const dlq = program
    .command('dlq')
    .description('List what could not be taken in from Kafka, or send it again.')
  selecting(dlq.command('ls'))
    .option('--json', 'one JSON object a line')
    .description('List dead letters: where they are, where they came from, and why.')
    .action(async (flags: DlqFlags) => within(flags, async (client, config) => list(client, config, flags)))
  selecting(dlq.command('replay'))
    .description('Send dead letters to the input again, with the keys that they came with.')
    .action(async (flags: DlqFlags) => within(flags, async (client, config) => replay(client, config, flags)))
  return dlq
}

const selecting = (command: Command): Command =>
  command
    .addOption(new Option('-c, --config <file>', 'the configuration').env('KELPIPE_CONFIG'))
    .addOption(configFlags())
    .option('--reason <code>', 'of this reason alone, or of all that begin with it')
    .option('--partition <n>', 'of this partition of the dead letters alone', whole)
    .option('--offset <n>', 'this one alone', whole)

async function within(
  flags: DlqFlags,
  act: (client: Client, config: Config) => Promise<void>,
): Promise<void> {
  const { readConfig } = await import('../config/config.ts')
  const config = readConfig(flags.config, process.env, flags.set)
  takeUpLimits(config.limits)
  const client = await connect(connectionOf(config))
  try {
    await act(client, config)
  } finally {
    await client.close()
  }
}

/** The dead letters that are meant, partition by partition. */
async function* letters(client: Client, config: Config, flags: DlqFlags): AsyncGenerator<Letter> {
  const { deadLetters } = topicsOf(config)
  const count = (await client.partitions([deadLetters])).get(deadLetters) ?? 0
  for (let partition = 0; partition < count; partition += 1) {
    if (flags.partition !== undefined && flags.partition !== partition) continue
    for await (const { records } of client.read(deadLetters, partition, 0n, new AbortController().signal))
      for (const record of records) if (isMeant(record, flags)) yield { partition, record }
  }
}

const isMeant = ({ offset, headers }: LogRecord, flags: DlqFlags): boolean =>
  (flags.reason === undefined || (headers['reason'] ?? '').startsWith(flags.reason)) &&
  (flags.offset === undefined || Number(offset) === flags.offset)

async function list(client: Client, config: Config, flags: DlqFlags): Promise<void> {
  for await (const { partition, record } of letters(client, config, flags)) {
    const { reason = '', message = '', topic = '', partition: from = '', offset = '', at } = record.headers
    const key = record.key && Buffer.from(record.key).toString()
    const bytes = record.value?.length ?? 0
    if (flags.json) {
      const place = { partition, offset: Number(record.offset) }
      const origin = {
        topic,
        partition: Number(from),
        offset: Number(offset),
        ...(at !== undefined && { at: Number(at) }),
      }
      process.stdout.write(
        `${JSON.stringify({ type: 'dead-letter', ...place, reason, message, from: origin, key, bytes })}\n`,
      )
      continue
    }
    const where = `${topic}/${from} offset ${offset}${at === undefined ? '' : `, byte ${at}`}`
    process.stdout.write(`${partition}/${record.offset}  ${reason}  ${where}, ${bytes} bytes: ${message}\n`)
  }
}

/** Dead letters that are sent in one go. */
const lettersAtOnce = 100

async function replay(client: Client, config: Config, flags: DlqFlags): Promise<void> {
  const producer = await client.producer()
  let waiting: OutRecord[] = []
  let sent = 0
  let cut = 0
  const flush = async (): Promise<void> => {
    const { kafkaRequestBytes } = config.limits
    for (const request of requests(packed(waiting, kafkaRequestBytes), () => kafkaRequestBytes))
      await producer.send(request)
    sent += waiting.length
    waiting = []
  }
  try {
    for await (const { record } of letters(client, config, flags)) {
      const { topic = '', partition = '' } = record.headers
      if (topic !== config.source.topic) continue
      if (record.headers[cutHeader] !== undefined) {
        cut += 1
        continue
      }
      waiting.push({ topic, partition: Number(partition), key: record.key, value: record.value, headers: {} })
      if (waiting.length === lettersAtOnce) await flush()
    }
    await flush()
  } finally {
    await producer.close()
  }
  say(`${sent} dead letters sent to ${config.source.topic} again`)
  if (cut > 0) say(`${cut} were too large to be kept whole: send those again from where they came`)
}
