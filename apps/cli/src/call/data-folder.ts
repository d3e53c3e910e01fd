import { resolve } from "node:path";
import { dataFolder, filesKeys, readSettings } from "@parley/settings";
import { z } from "zod";

const callSettings = z.object({ PARLEY_DATA: dataFolder, PARLEY_FILES_KEY: filesKeys });

/**
 * Where the files of calls from the terminal go, absolute.
 * @throws ParleyError `bad-configuration`, as every program does on a setting that does not exist.
 */
export const callDataFolder = (env: NodeJS.ProcessEnv): string => resolve(readSettings(callSettings, env).PARLEY_DATA);

/** Of call files, in base64; none: they are plain. Throws as `callDataFolder` does. */
export const callFilesKeys = (env: NodeJS.ProcessEnv): readonly string[] =>
  readSettings(callSettings, env).PARLEY_FILES_KEY;
