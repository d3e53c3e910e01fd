import { readStartConfig } from "../start/config.ts";
import type { Check } from "./check.ts";
import { chromiumCheck, nodeCheck, portCheck } from "./machine.ts";
import { liveKitCheck, openAiCheck, postgresCheck } from "./services.ts";
import { speechChecks } from "./speech.ts";

/** Everything that `parley start` needs on this machine with these settings. */
export async function allChecks(env: NodeJS.ProcessEnv): Promise<Check[]> {
  return [
    nodeCheck(),
    settingsCheck(env),
    ...(env.LIVEKIT_ENABLED === "false" ? [] : [liveKitCheck(env)]),
    postgresCheck(env),
    ...(await speechChecks()),
    ...portChecks(env),
    openAiCheck(env),
    chromiumCheck(env),
  ];
}

function settingsCheck(env: NodeJS.ProcessEnv): Check {
  return {
    name: "settings",
    needed: "needed",
    async look() {
      try {
        const { server } = readStartConfig(env);
        return { ok: true, says: `understood; data in ${server.dataDir}` };
      } catch (error) {
        return { ok: false, says: "not all are understood", how: (error as Error).message };
      }
    },
  };
}

function portChecks(env: NodeJS.ProcessEnv): Check[] {
  const port = (name: string, standard: number): number => {
    const value = Number(env[name] || standard);
    return Number.isInteger(value) && value >= 0 && value <= 65_535 ? value : standard;
  };
  const standard = readStartConfig({});
  const checks = [
    portCheck("PARLEY_PORT", port("PARLEY_PORT", standard.server.port), "the page"),
    // Without a wish the worker takes any port that is free.
    ...(env.PARLEY_WORKER_PORT
      ? [portCheck("PARLEY_WORKER_PORT", port("PARLEY_WORKER_PORT", 0), "the worker's health")]
      : []),
  ];
  if (env.LIVEKIT_URL || env.LIVEKIT_SERVER_URL || env.LIVEKIT_ENABLED === "false") return checks;
  return [...checks, portCheck("PARLEY_LIVEKIT_PORT", port("PARLEY_LIVEKIT_PORT", standard.livekitPort), "LiveKit")];
}
