/**
 * Every limit and timeout of the shell, with its unit last in its name. Limits of the wire format (body, group,
 * attachment sizes, nesting) belong to the core, which checks them before anything is buffered.
 */

const KiB = 1024
const MiB = 1024 * KiB

export interface Limits {
  /** Smallest and largest piece that is read from a file and made one batch. */
  readonly batchBytesMin: number
  readonly batchBytesMax: number
  /** A batch grows while the event loop is held no longer than this by any one step of it. */
  readonly batchBlockMs: number
  /** Chunks that a source may have in flight before it waits for an acknowledgement. */
  readonly creditsPerSource: number
  /** Parts that may wait for their flush while later ones are settled. */
  readonly partsInFlight: number
  /** Unfinished bytes that one origin may hold; more is a fault and they are dropped. */
  readonly pendingBytesPerOrigin: number
  /** Connections a listener accepts at a time; further ones are closed at once. */
  readonly connectionsPerListener: number
  /** A connection that sends nothing for so long is closed. */
  readonly connectionIdleMs: number
  /** A message that began must be complete after so long, however its bytes drip in. */
  readonly unfinishedFrameMs: number
  /** A complete message without an enclosing group is delivered after so long a silence. */
  readonly flushIdleMs: number
  /** An unfinished tail longer than this is not looked at again after a silence. */
  readonly flushBytes: number
  /** What one piece of compressed input may expand to at most. */
  readonly expansionBytesPerPiece: number
  readonly compressedPieceBytes: number
  /** The first bytes of a file that, hashed, identify it together with its path, inode and size. */
  readonly headBytes: number
  /** Writes of several parts that may go into one transaction. */
  readonly groupWrites: number
  /** What the memory store may hold. */
  readonly memoryStoreBytes: number
  /** The buffer for fetched records that is kept between batches. */
  readonly fetchArenaBytes: number
  /** A transaction that is not on disk after so long stops the run. */
  readonly flushTimeoutMs: number
  /** The writer's lock file is touched so often, and counts as left behind on another host after so long. */
  readonly lockBeatMs: number
  readonly lockStaleMs: number
  /** Pause between sweeps for entries whose time has run out, and how many go into one batch. */
  readonly expirySweepMs: number
  readonly waitingKeysPerBatch: number
  /** Orders (retries, removals) that may wait for their turn; a further one is refused. */
  readonly ordersWaiting: number
  /** What a search reads between two turns of the event loop: records, and bytes at which it turns earlier. */
  readonly scanPageRecords: number
  readonly scanPageBytes: number
  /** Entries of one page of a list, if nobody says how many, and at most. */
  readonly pageEntries: number
  readonly pageEntriesMax: number
  /** Records that one page of what waits reads, however few of them are meant. */
  readonly listedRecordsMax: number
  /** Delegators above an AID that evidence is exported with, as many as the rules follow. */
  readonly delegatorsMax: number
  /** Problems of a database that a check tells one by one; further ones are only counted. */
  readonly problemsMax: number
  /** What a split may hold unwritten, and the files that it may have open at a time, and make. */
  readonly splitBufferBytes: number
  readonly splitFilesOpen: number
  readonly splitFilesMax: number
  /** What the generator makes at a time. */
  readonly generatedPieceBytes: number
  /** Of HTTP: the header of a request (attachments travel in one), a request whose body is one message, and a log. */
  readonly httpHeaderBytes: number
  readonly httpMessageBytes: number
  readonly httpLogBytes: number
  /** A request must be complete after so long; a connection without one is closed after so long. */
  readonly httpRequestMs: number
  readonly httpIdleMs: number
  readonly httpConnections: number
  /** Requests whose messages are on their way at a time; further ones are told to come again. */
  readonly httpDeliveries: number
  /** Events that a listener who lost the connection can still get, and the listeners there may be. */
  readonly eventsKept: number
  readonly eventListeners: number
  /** Unsent bytes at which a slow listener is cut off, and the pause between signs of life. */
  readonly eventBufferBytes: number
  readonly eventPulseMs: number
  /** Of the page: the pause between two samples of what runs, how many are kept, and verdicts told with one. */
  readonly liveSampleMs: number
  readonly liveSamplesKept: number
  readonly liveVerdicts: number
  /** A stream that the inspector takes, the piece that it looks at at a time, and the streams at a time. */
  readonly inspectBytes: number
  readonly inspectPieceBytes: number
  readonly inspectionsMax: number
  /** Not ready: a transaction or a delivery takes longer, or the disk has less room. */
  readonly staleWriteMs: number
  readonly lagMs: number
  readonly diskFreeBytesMin: number
  /** Sources that are told apart; further ones count as one. */
  readonly originsMax: number
  /** Pause between counts of what waits, for metrics. */
  readonly escrowCensusMs: number
  /** Of Kafka: batches of a partition that may be under way, and what one of them holds at most. */
  readonly kafkaCredits: number
  readonly kafkaBatchBytes: number
  /** What one fetch brings at most, of one partition and in all, and how long a broker may hold back an empty answer. */
  readonly kafkaFetchBytesPerPartition: number
  readonly kafkaFetchBytes: number
  readonly kafkaFetchWaitMs: number
  /**
   * What of a partition may wait to be published before its store has to wait, and what goes into one transaction: while one
   * is under way there is room for the next.
   */
  readonly kafkaUnsentBytes: number
  readonly kafkaTransactionBytes: number
  /** A record of the input or a dead letter. */
  readonly kafkaRecordBytes: number
  /** A record of another output: the largest event, with all that it was accepted with. Made topics take this. */
  readonly kafkaOutputBytes: number
  /**
   * What goes into one request for a partition of the input and of dead letters, unless one record is more; of other outputs
   * it is kafkaOutputBytes.
   */
  readonly kafkaRequestBytes: number
  /** Buffers that a process keeps to use them again, of requests and of what they are made of. */
  readonly kafkaSpareBytes: number
  /** How much the heap of JavaScript, and buffers on their way, may grow before all of the heap is looked through for garbage. */
  readonly kafkaHeapGrowthPercent: number
  /** What a compressed batch of records may stand for, and those of one fetch of a partition before the next is fetched. */
  readonly kafkaExpandedBytes: number
  /** Pauses between tries to publish, and to open a partition again, the shortest and the longest. */
  readonly kafkaRetryMs: number
  readonly kafkaRetryMsMax: number
  /** For how long a partition that is being closed goes on trying to publish what is on disk. */
  readonly kafkaCloseMs: number
  /** Pause between two looks at what was published of partitions that are copied. */
  readonly kafkaCopyMs: number
  /** Who was fenced waits for so long for word that the partition is another's, before it tries again. */
  readonly kafkaFencedMs: number
  /** A member that is silent for so long leaves its group; it gives a sign of life so often. */
  readonly kafkaSessionMs: number
  readonly kafkaHeartbeatMs: number
  /** How long members have to come back when partitions are shared out anew. */
  readonly kafkaRebalanceMs: number
  /** A broker must take a connection, and answer a request, after so long. */
  readonly kafkaConnectMs: number
  readonly kafkaRequestMs: number
  /** A transaction that is left open for so long is given up by the broker. */
  readonly kafkaTransactionMs: number
  /** Of the log: lines of one event a second and at once, lines of the native code are fetched so often, bytes unwritten. */
  readonly logLinesPerSecond: number
  readonly logLinesAtOnce: number
  readonly logFetchMs: number
  readonly logBufferBytes: number
  /** What the sinks may hold unwritten. */
  readonly sinkBufferBytes: number
  /** Arenas of the system's allocator that the threads of the process share. */
  readonly allocatorArenas: number
  /** The caches of the engines of a process, shared out among them: of key states, and of tables of keys that sign often. */
  readonly engineCacheBytes: number
  readonly engineTableBytes: number
  /** Pause between two redraws of the progress bar. */
  readonly progressMs: number
  /** How long a stop by signal may take before the process gives up on a clean end. */
  readonly stopMs: number
}

/** The limits of this process: the standard, unless a configuration was taken up. */
export const limits: Limits = {
  batchBytesMin: 64 * KiB,
  batchBytesMax: 1 * MiB,
  batchBlockMs: 10,
  creditsPerSource: 4,
  partsInFlight: 8,
  pendingBytesPerOrigin: 32 * MiB,
  connectionsPerListener: 1024,
  connectionIdleMs: 60_000,
  unfinishedFrameMs: 30_000,
  flushIdleMs: 200,
  flushBytes: 64 * KiB,
  expansionBytesPerPiece: 64 * MiB,
  compressedPieceBytes: 4 * KiB,
  headBytes: 4 * KiB,
  groupWrites: 8_000,
  memoryStoreBytes: 256 * MiB,
  fetchArenaBytes: 4 * MiB,
  flushTimeoutMs: 120_000,
  lockBeatMs: 5_000,
  lockStaleMs: 60_000,
  expirySweepMs: 10_000,
  waitingKeysPerBatch: 1_000,
  ordersWaiting: 64,
  scanPageRecords: 256,
  scanPageBytes: 1 * MiB,
  pageEntries: 100,
  pageEntriesMax: 1_000,
  listedRecordsMax: 20_000,
  delegatorsMax: 32,
  problemsMax: 1_000,
  splitBufferBytes: 32 * MiB,
  splitFilesOpen: 8,
  splitFilesMax: 1_000_000,
  generatedPieceBytes: 256 * KiB,
  httpHeaderBytes: 256 * KiB,
  httpMessageBytes: 2 * MiB,
  httpLogBytes: 64 * MiB,
  httpRequestMs: 30_000,
  httpIdleMs: 75_000,
  httpConnections: 1024,
  httpDeliveries: 256,
  eventsKept: 10_000,
  eventListeners: 128,
  eventBufferBytes: 1 * MiB,
  eventPulseMs: 15_000,
  liveSampleMs: 1_000,
  liveSamplesKept: 300,
  liveVerdicts: 20,
  inspectBytes: 32 * MiB,
  inspectPieceBytes: 256 * KiB,
  inspectionsMax: 2,
  staleWriteMs: 10_000,
  lagMs: 30_000,
  diskFreeBytesMin: 256 * MiB,
  originsMax: 65_535,
  escrowCensusMs: 5_000,
  kafkaCredits: 4,
  kafkaBatchBytes: 1 * MiB,
  kafkaFetchBytesPerPartition: 1 * MiB,
  kafkaFetchBytes: 16 * MiB,
  kafkaFetchWaitMs: 100,
  kafkaUnsentBytes: 8 * MiB,
  kafkaTransactionBytes: 4 * MiB,
  kafkaRecordBytes: 900_000,
  kafkaOutputBytes: 4 * MiB,
  kafkaRequestBytes: 900_000,
  kafkaSpareBytes: 40 * MiB,
  kafkaHeapGrowthPercent: 300,
  kafkaExpandedBytes: 8 * MiB,
  kafkaRetryMs: 100,
  kafkaRetryMsMax: 10_000,
  kafkaCloseMs: 5_000,
  kafkaCopyMs: 10_000,
  kafkaFencedMs: 1_000,
  kafkaSessionMs: 30_000,
  kafkaHeartbeatMs: 3_000,
  kafkaRebalanceMs: 60_000,
  kafkaConnectMs: 10_000,
  kafkaRequestMs: 30_000,
  kafkaTransactionMs: 60_000,
  logLinesPerSecond: 10,
  logLinesAtOnce: 50,
  logFetchMs: 250,
  logBufferBytes: 1 * MiB,
  sinkBufferBytes: 8 * MiB,
  allocatorArenas: 2,
  engineCacheBytes: 48 * MiB,
  engineTableBytes: 32 * MiB,
  progressMs: 100,
  stopMs: 10_000,
}

/** Takes up the limits of a configuration for the whole process, before anything is made by them. */
export function takeUpLimits(configured: Limits): void {
  Object.assign(limits, configured)
}
