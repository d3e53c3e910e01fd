import { connect } from "node:net";
import { Readable } from "node:stream";
import type { RecordingRow } from "@parley/store";
import Fastify from "fastify";
import { expect, onTestFinished, test, vi } from "vitest";
import { onError } from "../http/problem.ts";
import { sealedSecrets } from "../secrets/secrets.ts";
import { type PlayOptions, play } from "./play.ts";
import { recordingKeys } from "./sealing/keys.ts";
import type { RecordingStorage } from "./storage/storage.ts";

const MIB = 1024 * 1024;
const noData = { seal: async () => null, open: () => Promise.reject(new Error("nothing was sealed")) };
const row = {
  ...{ recordingId: "rec_1", callId: "c", status: "ready", bytes: 64 * MIB, version: 1, contentType: "audio/ogg" },
  ...{ storage: "folder", object: "a.ogg", sealedKey: null },
} as RecordingRow;

/** A server with this one recording. */
async function serving(
  read: RecordingStorage["read"],
  { stalledMs = 60_000, ...more }: Partial<RecordingRow> & Pick<PlayOptions, "stalledMs"> = {},
) {
  const seen: (string | null)[] = [];
  const app = Fastify({ forceCloseConnections: true });
  app.setErrorHandler(onError);
  const storage = { name: "folder", read } as RecordingStorage;
  const options = { storage, keys: recordingKeys(sealedSecrets([]), noData, false), stalledMs };
  app.get("/", (request, reply) =>
    play({ ...row, ...more }, request, reply, { ...options, seen: (error) => void seen.push(error) }),
  );
  onTestFinished(() => app.close());
  return { app, seen, address: await app.listen({ port: 0, host: "127.0.0.1" }) };
}

function* without(end: number) {
  for (let at = 0; at < end; at++) yield Buffer.alloc(MIB);
}

test("whoever takes nothing for long is let go, and the file with him", async () => {
  const body = Readable.from(without(64), { objectMode: false });
  const { address } = await serving(async () => body, { stalledMs: 100 });
  const socket = connect(Number(new URL(address).port), "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  socket.pause();
  socket.write("GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
  await vi.waitFor(() => expect(body.destroyed).toBe(true), { timeout: 5_000 });
});

test("a storage that fails on the way breaks the answer off: it does not look whole", async () => {
  const failing = async () =>
    Readable.from(
      (async function* () {
        yield Buffer.alloc(1_000);
        throw new Error("nothing came for 15000 ms");
      })(),
      { objectMode: false },
    );
  const { address, seen } = await serving(failing);
  const response = await fetch(address);
  await expect(response.arrayBuffer()).rejects.toThrow();
  await vi.waitFor(() => expect(seen).toEqual([null, "nothing came for 15000 ms"]));
});

test("a storage that is away is 503, and keeps its paths to the log", async () => {
  const { address, seen } = await serving(() => Promise.reject(new Error("EACCES /var/secret/a.ogg")));
  const response = await fetch(address);
  const text = await response.text();
  expect([response.status, JSON.parse(text).code, text.includes("secret")]).toEqual([
    503,
    "recording-unreadable",
    false,
  ]);
  expect(seen).toEqual(["EACCES /var/secret/a.ogg"]);
});

test.each([
  [{ status: "deleted" as const }, 404, "recording-deleted"],
  [{ status: "failed" as const, error: "no sound" }, 404, "recording-failed"],
  [{ status: "receiving" as const }, 409, "recording-not-ready"],
  [{ storage: "s3://elsewhere/" }, 503, "recording-elsewhere"],
])("%j has no sound to give", async (more, status, code) => {
  const { address } = await serving(() => Promise.reject(new Error("not asked")), more);
  const response = await fetch(address);
  expect([response.status, (await response.json()).code]).toEqual([status, code]);
});
