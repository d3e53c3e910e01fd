export { readWorkerConfig, type WorkerConfig, workerSettings } from "./config.ts";
export { createLog, type Log } from "./log.ts";
export { startWorker, type Worker, type WorkerParts } from "./worker.ts";
