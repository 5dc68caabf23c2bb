import { describe, expect, test } from 'vitest'

import { kafkajsClient } from '../../pipeline/kafka/client/kafkajs/index.ts'
import { shares } from '../../pipeline/kafka/shares.ts'
import { canBroker, suiteBroker } from '../support/broker.ts'
import { connectionTo } from '../support/kafka.ts'
import { clientSuite } from './client.suite.ts'

describe.skipIf(!canBroker)('kafkajs as a client', () => {
  const kafka = suiteBroker('kafka-client')
  clientSuite({ connect: async () => kafkajsClient(connectionTo(kafka.broker.address)) })
})

test('everybody gets a fair number of partitions, and keeps what it holds', () => {
  expect(shares(5, new Map([['a', []]]))).toEqual(new Map([['a', [0, 1, 2, 3, 4]]]))
  const kept = shares(
    6,
    new Map([
      ['new', []],
      ['one', [0, 1, 2]],
      ['two', [3, 4, 5]],
    ]),
  )
  expect(kept.get('one')).toEqual([0, 1])
  expect(kept.get('two')).toEqual([3, 4])
  expect(kept.get('new')).toEqual([2, 5])
})
