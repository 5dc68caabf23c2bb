/** Runs a synchronous step of a store, and may take its time. */
export type Timed = <Result>(step: () => Result) => Result
