export { iceServers } from "./ice-servers.ts";
export { KNOWN_PARLEY_SETTINGS } from "./known.ts";
export { nearest } from "./nearest.ts";
export { readSettings, type SettingProblem } from "./read.ts";
export {
  dataFolder,
  httpUrl,
  liveKitUrl,
  liveKitUrls,
  metricsKey,
  otlpEndpoint,
  port,
  waitMs,
  wholeNumber,
  yesOrNo,
} from "./schemas.ts";
