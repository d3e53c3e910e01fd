export { KNOWN_PARLEY_SETTINGS } from "./known.ts";
export { nearest } from "./nearest.ts";
export { readSettings, type SettingProblem } from "./read.ts";
export { dataFolder, httpUrl, liveKitUrl, port, waitMs, wholeNumber } from "./schemas.ts";
