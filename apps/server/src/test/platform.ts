import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@parley/engine";
import { type EmbeddedPostgres, openStore, type Store, startEmbeddedPostgres } from "@parley/store";
import type { FastifyInstance, InjectOptions } from "fastify";
import pino from "pino";
import { afterAll, beforeAll } from "vitest";
import { buildApp } from "../app.ts";
import { liveKitAccess } from "../livekit.ts";
import { recordingKeys } from "../recordings/sealing/keys.ts";
import { folderStorage } from "../recordings/storage/folder.ts";
import type { RecordingStorage } from "../recordings/storage/storage.ts";
import { sealedSecrets } from "../secrets/secrets.ts";
import { statusBoard } from "../status/parts.ts";
import { KEY, SECRET } from "./app.ts";

export const ROOT_KEY = "the-root-key-of-this-test";

/** The HTTP side of the server over a real Postgres, one for a test file; LiveKit's rooms are empty. */
export interface Platform {
  app: FastifyInstance;
  store: Store;
  /** Where recordings lie. */
  recordings: RecordingStorage;
  /** JSON in, JSON out; `key` null: without one. Default: the root key. */
  send(
    method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
    url: string,
    options?: { body?: object; key?: string | null; headers?: Record<string, string> },
  ): Promise<Answer>;
  /** A key of its own with these scopes, of that tenant. */
  keyFor(scopes: string[], tenantId?: string): Promise<string>;
}

export interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: what a test expects of it, it says
  json: any;
  headers: Record<string, string>;
}

export function testPlatform(): Platform {
  let folder: string;
  let postgres: EmbeddedPostgres;
  const platform = {} as Platform;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "parley-platform-"));
    postgres = await startEmbeddedPostgres({ dataDir: join(folder, "postgres") });
    platform.store = await openStore({ url: postgres.url });
    platform.recordings = folderStorage(join(folder, "recordings"));
    platform.app = await buildApp({
      config: {
        livekitEnabled: true,
        apiKey: ROOT_KEY,
        allowedOrigins: [],
        talkPage: false,
        rateLimit: 1_000_000,
        privateHooks: "loopback",
        connectionTimeoutMs: 30_000,
        requestTimeoutMs: 60_000,
      },
      livekit: liveKitAccess({ url: "ws://127.0.0.1:7880", apiKey: KEY, apiSecret: SECRET }, null, {
        listParticipants: async () => [],
        listRooms: async () => [],
        deleteRoom: async () => undefined,
        createDispatch: async () => ({ dispatchId: "" }),
      }),
      store: platform.store,
      secrets: sealedSecrets([Buffer.alloc(32, 7)]),
      recordings: {
        storage: platform.recordings,
        keys: recordingKeys(sealedSecrets([Buffer.alloc(32, 7)]), platform.store.dataKeys, false),
      },
      deleteRecordings: async () => undefined,
      agents: [{ name: "front-desk", title: "Front desk", description: "Answers.", demo: true }],
      workerAgents: () => [],
      storedWorkers: { connected: () => [], wanted() {} },
      command: async () => ({ ok: false, reason: "no-owner" }),
      board: statusBoard(systemClock),
      happened: () => undefined,
      log: pino({ level: "silent" }),
      webRoot: folder,
    });
  });
  afterAll(async () => {
    try {
      await platform.app?.close();
      await platform.store?.close();
    } finally {
      await postgres?.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });

  platform.send = async (method, url, { body, key = ROOT_KEY, headers = {} } = {}) => {
    const request: InjectOptions = {
      method,
      url,
      headers: { ...(key === null ? {} : { authorization: `Bearer ${key}` }), ...headers },
      ...(body === undefined ? {} : { payload: body }),
    };
    const response = await platform.app.inject(request);
    return {
      status: response.statusCode,
      json: response.body === "" ? null : JSON.parse(response.body),
      headers: response.headers as Record<string, string>,
    };
  };
  platform.keyFor = async (scopes, tenantId) => {
    const body = { name: "of this test", scopes, ...(tenantId === undefined ? {} : { tenantId }) };
    return (await platform.send("POST", "/api/keys", { body })).json.key;
  };
  return platform;
}
