import { InvalidArgumentError, Option, type Command } from 'commander'

import type { Config, Overrides } from '../config/config.ts'
import { connectionOf } from '../config/worker.ts'
import { say } from '../terminal.ts'

export interface ConfigFlags {
  readonly set: Overrides
}

/** Single settings on the command line. */
export const configFlags = (): Option =>
  new Option('--set <place=value>', 'one setting, as kafka.brokers=HOST:PORT,HOST:PORT (repeatable)')
    .argParser((value: string, before: Overrides): Overrides => {
      const [, place, text] = /^([A-Za-z.-]+)=(.*)$/s.exec(value) ?? []
      if (place === undefined || text === undefined)
        throw new InvalidArgumentError('write PLACE=VALUE, as in sinks.replicas=1')
      return new Map([...before, [place, text]])
    })
    .default(new Map(), 'none')

/** `config`: configurations of `run`. */
export function configCommand(program: Command): Command {
  const config = program
    .command('config')
    .description('Print a configuration of "kelpipe run", or check one.')
  config
    .command('init')
    .description('Print a configuration that holds every default and says what each setting means.')
    .action(async () => {
      const { exampleConfig } = await import('../config/example.ts')
      process.stdout.write(exampleConfig())
    })
  config
    .command('validate')
    .argument('<file>', 'the configuration')
    .addOption(configFlags())
    .option('--json', 'print it with everything in its place')
    .description('Say everything that is wrong with a configuration, without asking anybody.')
    .action(async (file: string, { set, json }: ConfigFlags & { json?: true }) => {
      const { readConfig } = await import('../config/config.ts')
      const found = readConfig(file, process.env, set)
      connectionOf(found)
      if (!json) say(`${file} is valid`)
      else process.stdout.write(`${JSON.stringify(hidden(found), undefined, 2)}\n`)
    })
  return config
}

/** Without the password and the token. */
function hidden(config: Config): unknown {
  const { kafka, gateway } = config
  const { sasl } = kafka
  return {
    ...config,
    kafka: { ...kafka, sasl: { ...sasl, ...(sasl.password !== undefined && { password: '…' }) } },
    gateway: { ...gateway, ...(gateway.token !== undefined && { token: '…' }) },
  }
}
