export { readWorkerConfig, type WorkerConfig, workerSettings } from "./config.ts";
export { createLog, type Log } from "./log.ts";
export {
  configurationError,
  KNOWN_PARLEY_SETTINGS,
  nearest,
  printableSetting,
  readSettings,
  type SettingProblem,
} from "./settings.ts";
export { startWorker, type Worker, type WorkerParts } from "./worker.ts";
