// Made from the lists in Rust by native/node/tests/layout.rs: change them there.

/** A column of verdicts: its name and the width of its elements. */
export interface Column {
  readonly name: string
  readonly type: 'u64' | 'u32' | 'u16' | 'u8'
}

/** A code with the reference's exception class and an explanation. */
export interface Code {
  readonly code: string
  readonly class: string
  readonly text: string
}

/** The columns of verdicts in the order in which they stand in their buffer. */
export const columns = [
  // upper half of the sequence number
  { name: 'snHigh', type: 'u64' },
  // lower half of the sequence number
  { name: 'sn', type: 'u64' },
  // first-seen ordinal under the AID, if accepted
  { name: 'firstSeen', type: 'u64' },
  // ordinal in the log, if accepted; else all ones
  { name: 'ordinal', type: 'u64' },
  // number of the message in the batch; all ones for a retried entry
  { name: 'message', type: 'u32' },
  // first byte of the body, in the source or, for a retried entry, in the write arena
  { name: 'bodyStart', type: 'u32' },
  // first byte after the body
  { name: 'bodyEnd', type: 'u32' },
  // first byte after the attachments
  { name: 'attachmentsEnd', type: 'u32' },
  // first byte of the AID in the texts
  { name: 'aidStart', type: 'u32' },
  // first byte of the SAID in the texts; it ends where the next row's AID begins
  { name: 'saidStart', type: 'u32' },
  // reject code, kind of escrow, or number of new signatures, by verdict
  { name: 'reason', type: 'u16' },
  // number of the message type
  { name: 'ilk', type: 'u8' },
  // what became of it
  { name: 'verdict', type: 'u8' },
  // what it awaits
  { name: 'awaits', type: 'u8' },
  // 1: retried entry; 2: checked and every signature verified; 4: waits already, and nothing was new
  { name: 'flags', type: 'u8' },
] as const

/** Bits of the column `flags`. */
export const rowFlags = { retried: 1, verified: 2, repeated: 4 } as const

/** Words of a span: body start, body end, attachments end, flags. */
export const spanWords = 4
/** Words of a fault: offset, bytes, kind, byte at which it was wrong, index of the message after it. */
export const faultWords = 5
/** Words of a request (table, mode, key start, key end, limit) and of a write (table, kind, key start, key end, value end). */
export const opWords = 5

/** Fields of the flags of a span: lowest bit and number of bits. */
export const spanFlags = {
  // major version of the attachments' code tables
  genusMajor: { shift: 0, bits: 4 },
  // minor version of the attachments' code tables
  genusMinor: { shift: 4, bits: 4 },
  // serialization of the body, by place in `bodyKinds`
  kind: { shift: 8, bits: 3 },
  // domain of the attachments, by place in `domains`
  domain: { shift: 11, bits: 2 },
  // domain of the body, by place in `domains`
  bodyDomain: { shift: 13, bits: 2 },
  // 1: the body stands inside a native primitive
  wrapped: { shift: 15, bits: 1 },
} as const

/** What became of a row, by number. */
export const verdictNames = [
  'accepted',
  'duplicate',
  'escrowed',
  'rejected',
  'checked',
  'expired',
  'removed',
  'evicted',
] as const

/** Message types by number. The last one stands for ACDCs without a type. */
export const ilkNames = [
  'icp',
  'rot',
  'ixn',
  'dip',
  'drt',
  'rct',
  'qry',
  'rpy',
  'pro',
  'bar',
  'xip',
  'exn',
  'vcp',
  'vrt',
  'iss',
  'rev',
  'bis',
  'brv',
  'acm',
  'act',
  'acg',
  'ace',
  'sch',
  'att',
  'agg',
  'edg',
  'rul',
  'rip',
  'bup',
  'upd',
  'bad',
  'rvk',
  'acdc',
] as const

/** Kinds of escrow by number, with the reference's table. */
export const escrowKinds = [
  { name: 'out-of-order', table: 'ooes' },
  { name: 'partial-signature', table: 'pses' },
  { name: 'partial-witness', table: 'pwes' },
  { name: 'partial-delegation', table: 'pdes' },
  { name: 'delegable', table: 'dees' },
  { name: 'misfit', table: 'mfes' },
  { name: 'likely-duplicitous', table: 'ldes' },
  { name: 'unverified-witness', table: 'uwes' },
  { name: 'unverified-receipt', table: 'ures' },
  { name: 'unverified-transferable', table: 'vres' },
  { name: 'query-not-found', table: 'qnfs' },
] as const

/** What a waiting entry awaits, by number. */
export const awaitsNames = [
  'nothing',
  'inception',
  'prior-event',
  'signatures',
  'next-key-signatures',
  'witness-receipts',
  'delegator',
  'anchor',
  'approval',
  'event',
  'signer-event',
] as const

/** The tables of the database, in the order of their numbers. */
export const tableNames = [
  'aids',
  'kel',
  'log',
  'late',
  'seals',
  'waiting',
  'awaits',
  'expiry',
  'wake',
  'meta',
  'saids',
] as const

/** Serializations of a body, by number in the flags of a span. */
export const bodyKinds = ['JSON', 'CBOR', 'MGPK', 'CESR'] as const

/** Domains by number in the flags of a span. */
export const domains = ['text', 'binary', 'mixed'] as const

/** What can be wrong with bytes, by number. */
export const faultCodes: readonly Code[] = [
  { code: 'cesr/alphabet', class: 'ConversionError', text: 'character outside the Base64 URL-safe alphabet' },
  {
    code: 'cesr/limit-attachments',
    class: 'SizedGroupError',
    text: 'attachments of one message exceed the limit',
  },
  { code: 'cesr/limit-body', class: 'ShortageError', text: 'message body exceeds the limit' },
  { code: 'cesr/cbor-syntax', class: 'DeserializeError', text: 'not CBOR of the accepted kind' },
  { code: 'cesr/cold-start', class: 'ColdStartError', text: 'no message can start here' },
  { code: 'cesr/count-code', class: 'UnexpectedCountCodeError', text: 'count code where it may not stand' },
  { code: 'cesr/depth', class: 'DeserializeError', text: 'data nested deeper than the limit' },
  { code: 'cesr/duplicate-key', class: 'ValidationError', text: 'map holds the same key twice' },
  {
    code: 'cesr/limit-elements',
    class: 'SizedGroupError',
    text: 'more elements in one group than the limit',
  },
  { code: 'cesr/empty-group', class: 'SizedGroupError', text: 'group that may not be empty is empty' },
  {
    code: 'cesr/field',
    class: 'DeserializeError',
    text: 'field missing, unknown or out of order in a native body',
  },
  { code: 'cesr/float', class: 'ValidationError', text: 'number is not in the shortest form' },
  {
    code: 'cesr/genus',
    class: 'InvalidVersionError',
    text: 'genus or version of the code table is not supported',
  },
  {
    code: 'cesr/genus-mismatch',
    class: 'DeserializeError',
    text: 'body version is newer than the genus version of the stream',
  },
  { code: 'cesr/limit-group-depth', class: 'SizedGroupError', text: 'groups nested deeper than the limit' },
  { code: 'cesr/limit-group', class: 'SizedGroupError', text: 'group exceeds the limit' },
  { code: 'cesr/group-size', class: 'SizedGroupError', text: 'group does not end where its count says' },
  { code: 'cesr/limit-groups', class: 'SizedGroupError', text: 'more groups in one message than the limit' },
  { code: 'cesr/integer-digits', class: 'DeserializeError', text: 'integer has more digits than the limit' },
  { code: 'cesr/json-syntax', class: 'DeserializeError', text: 'not JSON' },
  { code: 'cesr/kind', class: 'KindError', text: 'unknown kind of serialization' },
  { code: 'cesr/lead-bytes', class: 'ConversionError', text: 'lead bytes are not zero' },
  { code: 'cesr/mgpk-syntax', class: 'DeserializeError', text: 'not MessagePack of the accepted kind' },
  { code: 'cesr/mid-pad', class: 'ConversionError', text: 'pad bits between code and value are not zero' },
  { code: 'cesr/native-syntax', class: 'DeserializeError', text: 'not a native body' },
  { code: 'cesr/non-finite', class: 'ValidationError', text: 'NaN or infinity' },
  {
    code: 'cesr/not-canonical',
    class: 'ValidationError',
    text: 'bytes differ from the canonical serialization',
  },
  { code: 'cesr/ondex', class: 'ValueError', text: 'other index of a current-only signature is not zero' },
  { code: 'cesr/op-code', class: 'UnexpectedOpCodeError', text: 'op codes are reserved' },
  {
    code: 'cesr/overrun',
    class: 'ShortageError',
    text: 'count or size reaches past the end of what holds it',
  },
  {
    code: 'cesr/prepad',
    class: 'UnexpectedCodeError',
    text: 'soft part does not begin with its pad characters',
  },
  { code: 'cesr/protocol', class: 'ProtocolError', text: 'unknown protocol' },
  { code: 'cesr/raw-size', class: 'ConversionError', text: "size does not fit the code's lead bytes" },
  { code: 'cesr/soft-part', class: 'UnexpectedCodeError', text: 'soft part of a code is not Base64' },
  { code: 'cesr/trailing', class: 'DeserializeError', text: 'bytes after the end of the body' },
  { code: 'cesr/truncated', class: 'ShortageError', text: 'input ends too early' },
  { code: 'cesr/unknown-code', class: 'UnexpectedCodeError', text: 'code is in no table' },
  { code: 'cesr/utf8', class: 'DeserializeError', text: 'text is not UTF-8' },
  { code: 'cesr/value-form', class: 'ValidationError', text: 'value of a typed primitive is malformed' },
  { code: 'cesr/version', class: 'VersionError', text: 'no valid version string at its place' },
  {
    code: 'cesr/wrong-code',
    class: 'ValidationError',
    text: 'well-formed primitive of a code not allowed here',
  },
]

/** Why a message is refused, by number. */
export const rejectCodes: ReadonlyMap<number, Code> = new Map([
  [
    0,
    {
      code: 'keri/fields',
      class: 'ValidationError',
      text: 'the fields are not exactly those of the message type, in order',
    },
  ],
  [1, { code: 'keri/unknown-type', class: 'ValidationError', text: 'the message type is not known' }],
  [2, { code: 'keri/field-value', class: 'ValidationError', text: "a field's value has the wrong form" }],
  [3, { code: 'keri/said', class: 'ValidationError', text: 'the SAID is not the digest of the message' }],
  [
    4,
    {
      code: 'keri/said-code',
      class: 'ValidationError',
      text: 'the SAID does not carry a digest code (HARDEN 4)',
    },
  ],
  [5, { code: 'keri/prefix', class: 'ValidationError', text: 'the AID is not a usable prefix' }],
  [
    6,
    {
      code: 'keri/prefix-derivation',
      class: 'ValidationError',
      text: 'the AID does not derive from its inception',
    },
  ],
  [
    7,
    {
      code: 'keri/nontransferable',
      class: 'ValidationError',
      text: 'a non-transferable AID with next keys, witnesses or anchors',
    },
  ],
  [8, { code: 'keri/no-signatures', class: 'ValidationError', text: 'no signatures are attached' }],
  [
    9,
    {
      code: 'keri/no-valid-signature',
      class: 'ValidationError',
      text: 'none of the attached signatures verifies',
    },
  ],
  [10, { code: 'keri/signature-index', class: 'IndexError', text: "a signature's index is beyond the keys" }],
  [11, { code: 'keri/key', class: 'ValueError', text: 'a key is not one that can verify' }],
  [12, { code: 'keri/next-digest', class: 'ValueError', text: 'a next key digest is not a digest' }],
  [
    13,
    { code: 'keri/threshold', class: 'ValueError', text: 'a threshold is malformed or larger than its list' },
  ],
  [14, { code: 'keri/inception-sn', class: 'ValueError', text: "an inception's sequence number is not 0" }],
  [
    15,
    {
      code: 'keri/witnesses',
      class: 'ValidationError',
      text: 'the witness list, cuts or adds are inconsistent',
    },
  ],
  [16, { code: 'keri/toad', class: 'ValueError', text: 'the witness threshold is out of range' }],
  [
    17,
    {
      code: 'keri/abandoned',
      class: 'ValidationError',
      text: 'the AID is non-transferable or abandoned: no further event is accepted',
    },
  ],
  [
    18,
    {
      code: 'keri/establishment-only',
      class: 'ValidationError',
      text: "the AID's inception allows establishment events only",
    },
  ],
  [
    19,
    {
      code: 'keri/prior-digest',
      class: 'ValidationError',
      text: 'the event does not name the SAID of the event before it',
    },
  ],
  [
    20,
    {
      code: 'keri/sequence-number',
      class: 'ValidationError',
      text: 'the sequence number does not fit the key state',
    },
  ],
  [
    21,
    {
      code: 'keri/recovery',
      class: 'ValidationError',
      text: 'the rotation may not supersede what is logged',
    },
  ],
  [22, { code: 'keri/not-delegated', class: 'ValidationError', text: 'drt for an AID without a delegator' }],
  [
    23,
    {
      code: 'keri/delegated',
      class: 'ValidationError',
      text: 'rot for a delegated AID, which takes drt only',
    },
  ],
  [
    24,
    {
      code: 'keri/delegation-seal',
      class: 'ValidationError',
      text: 'the named event of the delegator does not anchor this event',
    },
  ],
  [
    25,
    {
      code: 'keri/do-not-delegate',
      class: 'ValidationError',
      text: "the delegator's inception forbids delegation",
    },
  ],
  [
    26,
    {
      code: 'keri/delegation-depth',
      class: 'ValidationError',
      text: 'the chain of delegators is a loop or too long',
    },
  ],
  [
    27,
    {
      code: 'keri/superseding',
      class: 'TypeError',
      text: 'a delegated rotation that may not supersede the one that is logged',
    },
  ],
  [
    28,
    {
      code: 'keri/superseded-late',
      class: 'ValidationError',
      text: 'the event stands on a branch that a recovery has superseded',
    },
  ],
  [29, { code: 'keri/receipt-empty', class: 'ValidationError', text: 'a receipt without any signature' }],
  [
    30,
    {
      code: 'keri/receipt-stale',
      class: 'ValidationError',
      text: 'the receipt names another event than the one logged at its place',
    },
  ],
  [
    31,
    {
      code: 'keri/receipt-signer',
      class: 'ValidationError',
      text: "the receipt's signer event is not the one named, or the index is beyond its keys",
    },
  ],
  [
    32,
    {
      code: 'keri/receipt-signature',
      class: 'ValidationError',
      text: "the receipt's signature does not verify",
    },
  ],
  [
    33,
    {
      code: 'keri/own-receipt',
      class: 'ValidationError',
      text: 'a receipt by a local AID from a remote source',
    },
  ],
  [
    34,
    {
      code: 'keri/query',
      class: 'ValidationError',
      text: 'the query asks for nothing that is known, or lacks what its route needs',
    },
  ],
  [
    35,
    {
      code: 'keri/routed-signature',
      class: 'ValidationError',
      text: 'the signatures a routed message needs are missing or do not verify',
    },
  ],
  [
    36,
    {
      code: 'limit/signatures',
      class: 'ValidationError',
      text: 'more signatures attached than the limit allows',
    },
  ],
  [37, { code: 'limit/escrow-full', class: 'ValidationError', text: "the AID's escrow is at its limit" }],
  [38, { code: 'keri/attachments', class: 'ValidationError', text: 'the attachments cannot be read' }],
  [39, { code: 'keri/stale', class: 'ValidationError', text: 'waited past its timeout when it was retried' }],
  [
    40,
    {
      code: 'keri/incomplete',
      class: 'ValidationError',
      text: 'the waiting entry no longer has the bytes it needs',
    },
  ],
  [
    256,
    {
      code: 'cesr/alphabet',
      class: 'ConversionError',
      text: 'character outside the Base64 URL-safe alphabet',
    },
  ],
  [
    257,
    {
      code: 'cesr/limit-attachments',
      class: 'SizedGroupError',
      text: 'attachments of one message exceed the limit',
    },
  ],
  [258, { code: 'cesr/limit-body', class: 'ShortageError', text: 'message body exceeds the limit' }],
  [259, { code: 'cesr/cbor-syntax', class: 'DeserializeError', text: 'not CBOR of the accepted kind' }],
  [260, { code: 'cesr/cold-start', class: 'ColdStartError', text: 'no message can start here' }],
  [
    261,
    { code: 'cesr/count-code', class: 'UnexpectedCountCodeError', text: 'count code where it may not stand' },
  ],
  [262, { code: 'cesr/depth', class: 'DeserializeError', text: 'data nested deeper than the limit' }],
  [263, { code: 'cesr/duplicate-key', class: 'ValidationError', text: 'map holds the same key twice' }],
  [
    264,
    {
      code: 'cesr/limit-elements',
      class: 'SizedGroupError',
      text: 'more elements in one group than the limit',
    },
  ],
  [265, { code: 'cesr/empty-group', class: 'SizedGroupError', text: 'group that may not be empty is empty' }],
  [
    266,
    {
      code: 'cesr/field',
      class: 'DeserializeError',
      text: 'field missing, unknown or out of order in a native body',
    },
  ],
  [267, { code: 'cesr/float', class: 'ValidationError', text: 'number is not in the shortest form' }],
  [
    268,
    {
      code: 'cesr/genus',
      class: 'InvalidVersionError',
      text: 'genus or version of the code table is not supported',
    },
  ],
  [
    269,
    {
      code: 'cesr/genus-mismatch',
      class: 'DeserializeError',
      text: 'body version is newer than the genus version of the stream',
    },
  ],
  [
    270,
    { code: 'cesr/limit-group-depth', class: 'SizedGroupError', text: 'groups nested deeper than the limit' },
  ],
  [271, { code: 'cesr/limit-group', class: 'SizedGroupError', text: 'group exceeds the limit' }],
  [
    272,
    { code: 'cesr/group-size', class: 'SizedGroupError', text: 'group does not end where its count says' },
  ],
  [
    273,
    {
      code: 'cesr/limit-groups',
      class: 'SizedGroupError',
      text: 'more groups in one message than the limit',
    },
  ],
  [
    274,
    {
      code: 'cesr/integer-digits',
      class: 'DeserializeError',
      text: 'integer has more digits than the limit',
    },
  ],
  [275, { code: 'cesr/json-syntax', class: 'DeserializeError', text: 'not JSON' }],
  [276, { code: 'cesr/kind', class: 'KindError', text: 'unknown kind of serialization' }],
  [277, { code: 'cesr/lead-bytes', class: 'ConversionError', text: 'lead bytes are not zero' }],
  [
    278,
    { code: 'cesr/mgpk-syntax', class: 'DeserializeError', text: 'not MessagePack of the accepted kind' },
  ],
  [
    279,
    { code: 'cesr/mid-pad', class: 'ConversionError', text: 'pad bits between code and value are not zero' },
  ],
  [280, { code: 'cesr/native-syntax', class: 'DeserializeError', text: 'not a native body' }],
  [281, { code: 'cesr/non-finite', class: 'ValidationError', text: 'NaN or infinity' }],
  [
    282,
    {
      code: 'cesr/not-canonical',
      class: 'ValidationError',
      text: 'bytes differ from the canonical serialization',
    },
  ],
  [
    283,
    { code: 'cesr/ondex', class: 'ValueError', text: 'other index of a current-only signature is not zero' },
  ],
  [284, { code: 'cesr/op-code', class: 'UnexpectedOpCodeError', text: 'op codes are reserved' }],
  [
    285,
    {
      code: 'cesr/overrun',
      class: 'ShortageError',
      text: 'count or size reaches past the end of what holds it',
    },
  ],
  [
    286,
    {
      code: 'cesr/prepad',
      class: 'UnexpectedCodeError',
      text: 'soft part does not begin with its pad characters',
    },
  ],
  [287, { code: 'cesr/protocol', class: 'ProtocolError', text: 'unknown protocol' }],
  [288, { code: 'cesr/raw-size', class: 'ConversionError', text: "size does not fit the code's lead bytes" }],
  [289, { code: 'cesr/soft-part', class: 'UnexpectedCodeError', text: 'soft part of a code is not Base64' }],
  [290, { code: 'cesr/trailing', class: 'DeserializeError', text: 'bytes after the end of the body' }],
  [291, { code: 'cesr/truncated', class: 'ShortageError', text: 'input ends too early' }],
  [292, { code: 'cesr/unknown-code', class: 'UnexpectedCodeError', text: 'code is in no table' }],
  [293, { code: 'cesr/utf8', class: 'DeserializeError', text: 'text is not UTF-8' }],
  [
    294,
    { code: 'cesr/value-form', class: 'ValidationError', text: 'value of a typed primitive is malformed' },
  ],
  [295, { code: 'cesr/version', class: 'VersionError', text: 'no valid version string at its place' }],
  [
    296,
    {
      code: 'cesr/wrong-code',
      class: 'ValidationError',
      text: 'well-formed primitive of a code not allowed here',
    },
  ],
])
