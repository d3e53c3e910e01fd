export type { CallPage, CallRow } from "./calls/calls.ts";
export { type EmbeddedPostgres, type EmbeddedPostgresOptions, startEmbeddedPostgres } from "./embedded/start.ts";
export { StoreError, type StoreErrorCategory } from "./error.ts";
export type { AppendResult } from "./facts/append.ts";
export { type Batch, MAX_FACT_BYTES, type StoredFact } from "./facts/fact.ts";
export type { FactPage } from "./facts/facts.ts";
export type { StoreLog } from "./log.ts";
export { openStore, type Store, type StoreOptions } from "./store.ts";
export { MIN_KEY_LENGTH, type WorkerKeys } from "./worker-keys.ts";
