import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@parley/engine";
import type { RoomApi, RoomParticipant } from "@parley/livekit";
import type { CallRow } from "@parley/store";
import type { FastifyInstance } from "fastify";
import pino from "pino";
import { onTestFinished } from "vitest";
import { type AppOptions, buildApp } from "../app.ts";
import { liveKitAccess } from "../livekit.ts";
import { recordingKeys } from "../recordings/sealing/keys.ts";
import { folderStorage } from "../recordings/storage/folder.ts";
import { sealedSecrets } from "../secrets/secrets.ts";
import { statusBoard } from "../status/parts.ts";

export const KEY = "testkey";
export const SECRET = "a-secret-for-tests-of-32-characters-or-more";

export interface TestApp {
  app: FastifyInstance;
  /** Who is in which room; a test changes it. */
  rooms: Map<string, string[]>;
  /** Set: LiveKit answers with this error. */
  livekitFailure: { error: Error | null };
  /** Set: Postgres does. */
  storeFailure: { error: Error | null };
  calls: CallRow[];
  logLines: () => Record<string, unknown>[];
}

export async function testApp(
  options: Partial<AppOptions["config"]> & { webRoot?: string; publicUrl?: string; workerAgents?: string[] } = {},
): Promise<TestApp> {
  const { webRoot, publicUrl = null, workerAgents = [], ...config } = options;
  const rooms = new Map<string, string[]>();
  const livekitFailure: TestApp["livekitFailure"] = { error: null };
  const storeFailure: TestApp["storeFailure"] = { error: null };
  const calls: CallRow[] = [];
  const lines: string[] = [];
  const listParticipants: RoomApi["listParticipants"] = async (room) => {
    if (livekitFailure.error) throw livekitFailure.error;
    return (rooms.get(room) ?? []).map((identity) => ({ identity }) as RoomParticipant);
  };
  const emptyRoot = await mkdtemp(join(tmpdir(), "parley-server-"));
  const app = await buildApp({
    config: {
      livekitEnabled: true,
      apiKey: null,
      allowedOrigins: [],
      talkPage: false,
      rateLimit: 100_000,
      privateHooks: "loopback",
      connectionTimeoutMs: 30_000,
      requestTimeoutMs: 60_000,
      ...config,
    },
    livekit: liveKitAccess({ url: "ws://127.0.0.1:7880", apiKey: KEY, apiSecret: SECRET }, publicUrl, {
      listParticipants,
      listRooms: async () => [...rooms.keys()].map((name) => ({ name, metadata: "", createdAt: 0 })),
      deleteRoom: async (name) => void rooms.delete(name),
      createDispatch: async () => ({ dispatchId: "" }),
    }),
    store: fakeStore(calls, storeFailure),
    secrets: sealedSecrets([]),
    recordings: {
      storage: folderStorage(join(emptyRoot, "recordings")),
      keys: recordingKeys(sealedSecrets([]), fakeStore(calls, storeFailure).dataKeys, false),
    },
    deleteRecordings: async () => undefined,
    agents: [
      { name: "front-desk", title: "Front desk", description: "Answers.", demo: true },
      { name: "sales", title: "Sales", description: "Sells.", demo: false },
    ],
    workerAgents: () => workerAgents,
    storedWorkers: { connected: () => [], wanted() {} },
    command: async () => ({ ok: false, reason: "no-owner" }),
    board: statusBoard(systemClock),
    happened: () => undefined,
    log: pino({ level: "trace" }, { write: (line: string) => void lines.push(line) }),
    webRoot: webRoot ?? emptyRoot,
  });
  onTestFinished(async () => {
    await app.close();
    await rm(emptyRoot, { recursive: true, force: true });
  });
  return { app, rooms, livekitFailure, storeFailure, calls, logLines: () => lines.map((line) => JSON.parse(line)) };
}

const ABSENT = [
  "tenants",
  "apiKeys",
  "apps",
  "agents",
  "tickets",
  "idempotency",
  "connections",
  "livekitEvents",
  "erasures",
  "dataKeys",
  "recordings",
  "recordingSegments",
  "recordingJoins",
  "recordingDeletions",
  "egressRecordings",
  "projections",
  "usage",
  "places",
  "contexts",
  "webhooks",
  "hooks",
  "deliveries",
  "parcels",
] as const;

function fakeStore(calls: CallRow[], failure: { error: Error | null }): AppOptions["store"] {
  const guard = () => {
    if (failure.error) throw failure.error;
  };
  const nothing = async () => {
    guard();
    return null;
  };
  const notHere = (): never => {
    throw new Error("what a real Postgres is wanted for is tested with one");
  };
  const empty = new Proxy(
    {},
    { get: (_target, name) => (name === "find" || name === "isOpenCall" ? nothing : notHere) },
  );
  return {
    ...(Object.fromEntries([...ABSENT].map((name) => [name, empty])) as Pick<
      AppOptions["store"],
      (typeof ABSENT)[number]
    >),
    agents: { list: async () => ({ items: [], nextCursor: null }) } as unknown as AppOptions["store"]["agents"],
    audit: { add: async () => undefined, list: notHere },
    async ping() {
      guard();
    },
    calls: {
      async get(callId) {
        guard();
        return calls.find((call) => call.callId === callId) ?? null;
      },
      liveIn: notHere,
      async listLive() {
        guard();
        return calls.filter((call) => call.status === "live");
      },
      async list({ limit = 50, cursor } = {}) {
        guard();
        const from = Number(cursor ?? 0);
        const nextCursor = from + limit < calls.length ? String(from + limit) : null;
        return { calls: calls.slice(from, from + limit), nextCursor };
      },
    },
    facts: {
      appendBatch: () => Promise.reject(new Error("not here")),
      fence: () => Promise.reject(new Error("not here")),
      async read(callId, { afterSeq = 0, limit = 500 } = {}) {
        guard();
        const last = calls.find((call) => call.callId === callId)?.lastSeq ?? 0;
        const end = Math.min(last, afterSeq + limit);
        const facts = Array.from({ length: end - afterSeq }, (_, index) => {
          const seq = afterSeq + index + 1;
          return { callId, epoch: 1, seq, at: seq * 10, type: "speech-started", participantId: "p" };
        });
        return { facts, nextAfterSeq: end < last ? end : null };
      },
    },
  };
}

export function callRow(callId: string, more: Partial<CallRow> = {}): CallRow {
  return {
    callId,
    epoch: 1,
    lastEpoch: 1,
    status: "ended",
    agent: "front-desk",
    room: "r",
    tenantId: null,
    from: null,
    to: null,
    language: "en",
    startedAt: new Date(Date.UTC(2026, 10, 1)),
    endedAt: null,
    endReason: null,
    factCount: 3,
    lastSeq: 3,
    ...more,
  };
}

/** A token's claims, without checking its signature. */
export function claims(token: string): Record<string, unknown> & {
  sub: string;
  exp: number;
  video: Record<string, unknown>;
  roomConfig?: { agents?: { agentName: string; metadata: string }[]; metadata?: string } & Record<string, unknown>;
} {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
}
