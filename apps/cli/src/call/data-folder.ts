import { resolve } from "node:path";
import { dataFolder, readSettings } from "@parley/settings";
import { z } from "zod";

const callSettings = z.object({ PARLEY_DATA: dataFolder });

/**
 * Where the files of calls from the terminal go, absolute.
 * @throws ParleyError `bad-configuration`, as every program does on a setting that does not exist.
 */
export const callDataFolder = (env: NodeJS.ProcessEnv): string => resolve(readSettings(callSettings, env).PARLEY_DATA);
