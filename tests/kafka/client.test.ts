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
      ['one', [[0, 1, 2]]],
      ['two', [[3, 4, 5]]],
    ]),
  )
  expect(kept.get('one')).toEqual([0, 1])
  expect(kept.get('two')).toEqual([3, 4])
  expect(kept.get('new')).toEqual([2, 5])
})

test('who has a copy goes before who has nothing, and behind who has the state itself', () => {
  const taken = shares(
    6,
    new Map([
      [
        'copies',
        [
          [0, 1],
          [2, 3, 4, 5],
        ],
      ],
      ['holds', [[2, 3]]],
      ['other', []],
    ]),
  )
  expect(taken).toEqual(
    new Map([
      ['copies', [0, 1]],
      ['holds', [2, 3]],
      ['other', [4, 5]],
    ]),
  )
  const left = shares(
    4,
    new Map([
      ['copies', [[0], [2]]],
      ['other', [[1]]],
    ]),
  )
  expect(left.get('copies')).toEqual([0, 2])
})
