import { once } from 'node:events'
import { createRequire } from 'node:module'
import { createServer, type AddressInfo } from 'node:net'

import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { Answers, socketFactory } from '../../pipeline/kafka/client/kafkajs/answers.ts'
import { kafkajsClient } from '../../pipeline/kafka/client/kafkajs/index.ts'

const framed = (answer: Uint8Array): Buffer => {
  const length = Buffer.alloc(4)
  length.writeInt32BE(answer.length)
  return Buffer.concat([length, answer])
}

test('answers come whole, wherever they are cut and though what they came in is used again', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }),
      (sent, sizes) => {
        const stream = Buffer.concat(sent.map(framed))
        const answers = new Answers()
        const found: Buffer[] = []
        const chunk = Buffer.alloc(200)
        for (let at = 0, turn = 0; at < stream.length; turn += 1) {
          const size = Math.min(sizes[turn % sizes.length] ?? 1, stream.length - at)
          stream.copy(chunk, 0, at, at + size)
          found.push(...answers.take(chunk.subarray(0, size)))
          at += size
        }
        expect(found).toEqual(sent.map(framed))
      },
    ),
  )
})

test('an answer larger than any that is asked for is put together as it comes', () => {
  const sent = framed(Buffer.alloc(70 * 2 ** 20, 'answer'))
  const answers = new Answers()
  const found: Buffer[] = []
  for (let at = 0; at < sent.length; at += 2 ** 20)
    found.push(...answers.take(sent.subarray(at, at + 2 ** 20)))
  expect(found.map((answer) => Buffer.compare(answer, sent))).toEqual([0])
})

test('no memory is taken for bytes that are only announced', () => {
  const before = process.memoryUsage().arrayBuffers
  const many = Array.from({ length: 4 }, () => {
    const answers = new Answers()
    expect(answers.take(Buffer.from('HTTP/1.1 400 Bad Request'))).toEqual([])
    return answers
  })
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(many.length * 33 * 2 ** 20)
})

test.each([
  ['a length below zero', [0xff, 0xff, 0xff, 0xff]],
  ['an answer without the number of its request', [0, 0, 0, 0]],
])('%s ends the connection, and nothing else', async (_, bytes) => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', () => socket.write(Buffer.from(bytes)))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const connecting = kafkajsClient({
    brokers: [`127.0.0.1:${port}`],
    clientId: 'test',
    sessionTimeoutMs: 30_000,
    heartbeatMs: 3_000,
    rebalanceTimeoutMs: 30_000,
    connectTimeoutMs: 1_000,
    requestTimeoutMs: 60_000,
    transactionTimeoutMs: 60_000,
    fetchBytesPerPartition: 2 ** 20,
    fetchBytes: 2 ** 24,
    fetchWaitMs: 100,
  })
  await expect(connecting).rejects.toMatchObject({ code: 'source/kafka' })
  server.close()
})

interface Connection {
  connect(): Promise<unknown>
  disconnect(): Promise<unknown>
  send(asked: object): Promise<Buffer>
}

test('a connection that was cut inside an answer begins anew', async () => {
  let connections = 0
  const server = createServer((socket) => {
    connections += 1
    const cut = connections === 1
    socket.on('error', () => undefined)
    socket.on('data', (request) => {
      const answer = framed(Buffer.concat([request.subarray(8, 12), Buffer.from('whole')]))
      if (cut) socket.end(answer.subarray(0, 10))
      else socket.write(answer)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const require = createRequire(import.meta.url)
  const Kept = require('kafkajs/src/network/connection.js') as new (options: object) => Connection
  const Encoder = require('kafkajs/src/protocol/encoder.js') as new () => object
  const told = {
    info: () => undefined,
    error: () => undefined,
    warn: () => undefined,
    debug: () => undefined,
  }
  const connection = new Kept({
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    logger: { namespace: () => told },
    socketFactory,
    connectionTimeout: 1_000,
    requestTimeout: 2_000,
  })
  const ask = async (): Promise<string> => {
    await connection.connect()
    const answer = await connection.send({
      request: { apiKey: 18, apiVersion: 0, apiName: 'ApiVersions', encode: async () => new Encoder() },
      response: { decode: async (bytes: Buffer) => bytes, parse: async (bytes: Buffer) => bytes },
    })
    return answer.toString()
  }
  await expect(ask()).rejects.toThrow('Closed connection')
  await connection.disconnect()
  expect(await ask()).toBe('whole')
  await connection.disconnect()
  server.close()
})
