import type { Assigner, Cluster, GroupMember } from 'kafkajs'

import { shares, type Wishes } from '../../shares.ts'
import { kafkajs } from './library.ts'

const version = 0

/**
 * Gives the same partitions of every topic to one member, and to a member those whose state it holds already, as far as
 * everybody gets a fair number.
 */
export const copartitioned =
  (topics: readonly string[], wishes: () => Wishes) =>
  ({ cluster }: { cluster: Cluster }): Assigner => ({
    name: 'kelpipe',
    version,
    protocol: ({ topics: subscribed }) => ({
      name: 'kelpipe',
      metadata: kafkajs.AssignerProtocol.MemberMetadata.encode({
        version,
        topics: subscribed,
        userData: Buffer.from(JSON.stringify(wishes())),
      }),
    }),
    assign: async ({ members }) => {
      const counts = topics.map((topic) => cluster.findTopicPartitionMetadata(topic).length)
      const wished = new Map(members.map((member) => [member.memberId, wishesOf(member)]))
      return Array.from(shares(Math.min(...counts), wished), ([memberId, partitions]) => ({
        memberId,
        memberAssignment: kafkajs.AssignerProtocol.MemberAssignment.encode({
          version,
          assignment: Object.fromEntries(topics.map((topic) => [topic, [...partitions]])),
          userData: Buffer.alloc(0),
        }),
      }))
    },
  })

function wishesOf({ memberMetadata }: GroupMember): Wishes {
  const decoded = kafkajs.AssignerProtocol.MemberMetadata.decode(memberMetadata)
  try {
    return JSON.parse(decoded?.userData.toString() ?? '[]') as Wishes
  } catch {
    return []
  }
}
