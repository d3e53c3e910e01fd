export { measured } from "./call/measurement.ts";
export { observeCall } from "./call/observe.ts";
export type { Models } from "./call/part.ts";
export {
  type InstrumentName,
  instrumentOf,
  instruments,
  type Measurement,
} from "./catalogue/index.ts";
export type { Instrument } from "./catalogue/instrument.ts";
export { PROMETHEUS_TYPE, prometheusText } from "./prometheus.ts";
export { successRate } from "./success.ts";
export { type Distribution, openSums, type Series, type Sums, type SumsOf } from "./sums.ts";
