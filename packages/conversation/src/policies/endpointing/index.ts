import type { Settings } from "../../settings.ts";
import { adaptiveEndpointing } from "./adaptive.ts";
import { fixedEndpointing } from "./fixed.ts";
import type { Endpointing } from "./policy.ts";

const policies: Record<Settings["endpointing"]["policy"], Endpointing> = {
  fixed: fixedEndpointing,
  adaptive: adaptiveEndpointing,
};

export const endpointingDelayMs: Endpointing = (pause, settings) => policies[settings.policy](pause, settings);
