export { iceServers } from "./ice-servers.ts";
export { KNOWN_PARLEY_SETTINGS } from "./known.ts";
export { nearest } from "./nearest.ts";
export { readSettings, type SettingProblem } from "./read.ts";
export {
  dataFolder,
  filesKeys,
  httpUrl,
  liveKitUrl,
  liveKitUrls,
  metricsKey,
  otlpEndpoint,
  port,
  recordingBy,
  waitMs,
  wholeNumber,
  yesOrNo,
} from "./schemas.ts";
