// What a process needs that adds up and shows what others measured: neither facts nor their schemas are loaded for it.
export { measured } from "./call/measurement.ts";
export { type InstrumentName, instrumentOf, instruments, type Measurement } from "./catalogue/index.ts";
export type { Instrument } from "./catalogue/instrument.ts";
export { PROMETHEUS_TYPE, prometheusText } from "./prometheus.ts";
export { successRate } from "./success.ts";
export { type Distribution, openSums, type Series, type Sums, type SumsOf } from "./sums.ts";
export { toldSums } from "./told-sums.ts";
