import { escrows } from './escrows.ts'
import { fleet } from './fleet.ts'
import type { Board } from './model.ts'
import { native } from './native.ts'
import { pipeline } from './pipeline.ts'

/** All dashboards, in the order in which an operator asks. */
export const boards: readonly Board[] = [pipeline, escrows, native, fleet]
