import { ParleyError } from "@parley/engine";
import { type Log, messageOf } from "../../log.ts";
import { LIVEKIT_SERVER_VERSION } from "../version.ts";
import { cachedBinary, cacheFolder } from "./cache-folder.ts";
import { workingDocker } from "./docker.ts";
import { downloadServer } from "./download.ts";
import { isExecutable, onPath } from "./executable.ts";
import { goInstall } from "./go-install.ts";

/** How to run a livekit-server on this machine. */
export type LiveKitBinary = { kind: "program"; path: string } | { kind: "docker"; docker: string };

export interface FindOptions {
  log: Log;
  /** Default: process.env. Reads LIVEKIT_SERVER, LIVEKIT_SERVER_SHA256, LIVEKIT_DOWNLOAD_URL, XDG_CACHE_HOME, PATH. */
  env?: NodeJS.ProcessEnv;
  signal?: AbortSignal | undefined;
  /** Time-out for a silent download. */
  stallMs?: number;
}

/**
 * Finds a livekit-server, or gets one: LIVEKIT_SERVER, the PATH, our cache, the release download, `go install`,
 * Docker; in this order. Throws ParleyError `livekit-server-missing`, which says what was tried and how each failed.
 */
export async function findLiveKitServer(options: FindOptions): Promise<LiveKitBinary> {
  const { env = process.env, log, signal } = options;
  if (env.LIVEKIT_SERVER) {
    if (isExecutable(env.LIVEKIT_SERVER)) return { kind: "program", path: env.LIVEKIT_SERVER };
    throw new ParleyError(
      `LIVEKIT_SERVER is set to ${env.LIVEKIT_SERVER}, which is no program that can be run. Correct it or unset it.`,
      { code: "livekit-server-missing", category: "configuration" },
    );
  }
  const installed = onPath("livekit-server", env);
  if (installed) return { kind: "program", path: installed };
  const cached = cachedBinary(cacheFolder(env));
  if (isExecutable(cached)) return { kind: "program", path: cached };

  const tried: string[] = [];
  const sources: { name: string; get: () => Promise<LiveKitBinary> }[] = [
    {
      name: "downloading the release",
      get: async () => {
        await downloadServer(cached, {
          platform: process.platform,
          arch: process.arch,
          baseUrl: env.LIVEKIT_DOWNLOAD_URL,
          pinnedSha256: env.LIVEKIT_SERVER_SHA256,
          ...(options.stallMs === undefined ? {} : { stallMs: options.stallMs }),
          signal,
        });
        return { kind: "program", path: cached };
      },
    },
    {
      name: "building it with `go install`",
      get: async () => {
        await goInstall(cached, { env, signal });
        return { kind: "program", path: cached };
      },
    },
    { name: "Docker", get: async () => ({ kind: "docker", docker: await workingDocker(env, signal) }) },
  ];
  for (const source of sources) {
    log.info({ version: LIVEKIT_SERVER_VERSION }, `no livekit-server yet: trying ${source.name}`);
    try {
      return await source.get();
    } catch (error) {
      signal?.throwIfAborted();
      tried.push(`- ${source.name}: ${messageOf(error)}`);
      log.warn({ error: messageOf(error) }, `${source.name} did not give a livekit-server`);
    }
  }
  throw new ParleyError(
    [
      `No livekit-server ${LIVEKIT_SERVER_VERSION} could be found or fetched. It is not on the PATH, nor at ${cached}.`,
      ...tried,
      "Any one of these mends it: put a livekit-server on the PATH or name it in LIVEKIT_SERVER; give this machine " +
        "access to the release (LIVEKIT_DOWNLOAD_URL for a mirror); install Go or Docker; or use a server of your own " +
        "with LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET.",
    ].join("\n"),
    { code: "livekit-server-missing", category: "configuration" },
  );
}
