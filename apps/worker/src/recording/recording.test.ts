import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ParleyError, RecordingOptions } from "@parley/engine";
import { decodeRecording, readSegment } from "@parley/recording";
import { beforeEach, describe, expect, it } from "vitest";
import { createLog } from "../log.ts";
import { keepRecordings } from "./keep.ts";
import type { FromRecorder, ToRecorder } from "./messages.ts";
import { createRecorder, type RecorderThread } from "./recorder.ts";
import { openSegmentFile } from "./sealing.ts";

const log = createLog("test", "silent");
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "parley-recordings-"));
  return () => rmSync(dir, { recursive: true, force: true });
});

const loud = (ms: number, rateHz: number) =>
  new Int16Array((ms * rateHz) / 1000).fill(9000).map((v, i) => (i % 40 < 20 ? v : -v));

/** A call of a moment ago, with a clock by hand. */
function call(callId = "call-1", epoch = 1) {
  const failures: ParleyError[] = [];
  const time = { ms: 1000 };
  const options: RecordingOptions = {
    callId,
    epoch,
    voiceRateHz: 24_000,
    now: () => time.ms,
    failed: (error) => failures.push(error),
  };
  return { options, failures, time };
}

describe("the recorder of a shard", () => {
  it("writes what is said on both sides, for its owner only, in a thread of its own", async () => {
    const recorder = createRecorder({ dir, maxMb: 10, key: null }, log);
    const { options, time, failures } = call();
    const recording = recorder.open(options);
    recording.sounds(1500, loud(500, 24_000));
    for (; time.ms < 3000; time.ms += 20) recording.hears("ann", loud(20, 16_000));
    recording.cleared(1800);
    recording.close();
    await recorder.close();
    expect(failures).toEqual([]);
    const path = join(dir, "call-1.1.ogg");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const { startMs, callers, agent } = decodeRecording(readFileSync(path));
    const isLoud = (samples: Int16Array, ms: number) =>
      samples.subarray((ms - 1000) * 16, (ms - 960) * 16).some((sample) => Math.abs(sample) > 2000);
    expect(startMs).toBe(1000);
    expect([1440, 1550, 1750, 1900].map((ms) => isLoud(agent, ms))).toEqual([false, true, true, false]);
    expect([1100, 2900].map((ms) => isLoud(callers, ms))).toEqual([true, true]);
  });

  it("records nothing more when there is no room, and says what to raise", async () => {
    writeFileSync(join(dir, "old.1.ogg"), Buffer.alloc(1024 * 1024));
    const recorder = createRecorder({ dir, maxMb: 1, key: null }, log);
    const { options, failures } = call();
    const recording = recorder.open(options);
    await expect.poll(() => failures).toHaveLength(1);
    expect(failures[0]).toMatchObject({ code: "recordings-full" });
    expect(failures[0]!.message).toContain("PARLEY_RECORDINGS_MAX_MB");
    recording.hears("ann", loud(20, 16_000));
    recording.close();
    await recorder.close();
    expect(readdirSync(dir)).toEqual(["old.1.ogg"]);
  });

  it("gives a recording up when the thread is five seconds behind, and the others too when it ends", async () => {
    const told: ToRecorder[] = [];
    let exit = () => {};
    const stuck = {
      postMessage: (message: ToRecorder) => told.push(message),
      on(event: string, listener: (message?: FromRecorder) => void) {
        if (event === "exit") exit = listener;
      },
      unref() {},
      terminate: async () => {},
    } as unknown as RecorderThread;
    const recorder = createRecorder({ dir, maxMb: 1, key: null }, log, () => stuck);
    const busy = call("busy");
    const recording = recorder.open(busy.options);
    for (let n = 0; n < 100; n++) recording.hears("ann", loud(500, 16_000));
    expect(busy.failures).toMatchObject([{ code: "recording-behind" }]);
    expect(told.filter(({ type }) => type === "block")).toHaveLength(24);
    const other = call("other");
    recorder.open(other.options);
    exit();
    expect(other.failures).toMatchObject([{ code: "recorder-ended" }]);
    expect(busy.failures).toHaveLength(1);
  });
});

type Answer = (request: { offset: number; isFinal: boolean; body: Buffer }) => [status: number, body?: object];

/** A server on loopback that answers as it is told. */
async function fakeServer(answer: Answer) {
  const asked: { path: string; authorization: string | undefined; offset: number; bytes: number; isFinal: boolean }[] =
    [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      const url = new URL(request.url ?? "", "http://x");
      const body = Buffer.concat(pieces);
      const offset = Number(url.searchParams.get("offset"));
      const isFinal = request.headers["parley-final"] === "1";
      asked.push({
        path: url.pathname,
        authorization: request.headers.authorization,
        offset,
        bytes: body.length,
        isFinal,
      });
      const [status, json] = answer({ offset, isFinal, body });
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(json ?? {}));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    asked,
    to: { url: `ws://127.0.0.1:${port}/`, key: "secret", timeoutMs: 2_000 },
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

/** Keeps what comes, as the contract says. */
function store() {
  let kept = Buffer.alloc(0);
  const answer: Answer = ({ offset, body }) => {
    if (offset > kept.length) return [409, { code: "offset-mismatch", receivedBytes: kept.length }];
    kept = Buffer.concat([kept.subarray(0, offset), body]);
    return [200, { receivedBytes: kept.length }];
  };
  return { answer, kept: () => kept };
}

/** A recording's file, ended or (what a killed process leaves) not. */
async function recordedFile(seconds = 4, { cut = 0, key = null as string | null } = {}): Promise<string> {
  const recorder = createRecorder({ dir, maxMb: 10, key }, log);
  const { options, time } = call();
  const recording = recorder.open(options);
  for (; time.ms < 1000 + seconds * 1000; time.ms += 20) recording.hears("ann", loud(20, 16_000));
  recording.close();
  await recorder.close();
  const path = join(dir, "call-1.1.ogg");
  const bytes = readFileSync(path);
  if (cut > 0) writeFileSync(path, bytes.subarray(0, bytes.length - cut));
  return path;
}

it("a thread that can't be started costs the recording, not the call", async () => {
  const recorder = createRecorder({ dir, maxMb: 1, key: null }, log, () => {
    throw new Error("no more threads");
  });
  const { options, failures } = call();
  recorder.open(options).hears("ann", loud(20, 16_000));
  expect(failures).toEqual([]);
  await expect.poll(() => failures).toMatchObject([{ code: "recorder-not-started" }]);
  await recorder.close();
});

describe("what becomes of recordings", () => {
  it("goes to the server while the call goes on, and is removed once that has it whole", async () => {
    const { answer, kept } = store();
    const server = await fakeServer(answer);
    const path = await recordedFile(4, { cut: 700 });
    const begun = readFileSync(path);
    let nowMs = Date.now();
    const keeping = keepRecordings({ dir, maxMb: 10, to: server.to, log, now: () => nowMs });
    await keeping.check();
    expect(server.asked).toMatchObject([
      { path: "/uplink/recordings/call-1/1", authorization: "Bearer secret", isFinal: false },
    ]);
    expect(kept().equals(begun)).toBe(true);
    await keeping.check();
    expect(server.asked).toHaveLength(1);
    // Nobody has written to it for a minute: its process is dead.
    nowMs += 61_000;
    await keeping.check();
    expect(server.asked.at(-1)).toMatchObject({ offset: begun.length, bytes: 0, isFinal: true });
    expect(readdirSync(dir)).toEqual([]);
    await keeping.close();
    await server.close();
    expect(readSegment(kept())).toMatchObject({ callId: "call-1", complete: false });
  });

  it("is final at once where the process could end it, and goes on from what the server has", async () => {
    const { answer, kept } = store();
    const path = await recordedFile();
    const whole = readFileSync(path);
    answer({ offset: 0, isFinal: false, body: whole.subarray(0, 5) });
    // Of a server that lost what it had acknowledged, and says so.
    let first = true;
    const server = await fakeServer((request) => {
      if (!first) return answer(request);
      first = false;
      return [409, { code: "offset-mismatch", receivedBytes: 5 }];
    });
    const keeping = keepRecordings({ dir, maxMb: 10, to: server.to, log });
    await keeping.close();
    await server.close();
    expect(server.asked.map(({ offset, isFinal }) => [offset, isFinal])).toEqual([
      [0, true],
      [5, true],
    ]);
    expect(kept().equals(whole)).toBe(true);
    expect(readdirSync(dir)).toEqual([]);
  });

  it.each([
    [503, {}],
    [401, {}],
    [200, {}],
    [200, { receivedBytes: 1e12 }],
    [409, { receivedBytes: -4 }],
    [409, { receivedBytes: 0 }],
  ])("stays, and is tried again later, when the server answers %i %j", async (status, body) => {
    const path = await recordedFile(1, { cut: 30 });
    let isAway = true;
    const { answer } = store();
    const server = await fakeServer((request) => (isAway ? [status, body] : answer(request)));
    let nowMs = Date.now();
    const keeping = keepRecordings({ dir, maxMb: 10, to: server.to, log, now: () => nowMs });
    await keeping.check();
    const tries = server.asked.length;
    expect(tries).toBeLessThan(6);
    await keeping.check();
    expect(server.asked.length).toBe(tries);
    isAway = false;
    nowMs += 61_000;
    await keeping.check();
    await keeping.close();
    await server.close();
    expect(readdirSync(dir), path).toEqual([]);
  });

  it("lies sealed where a key is set, at any length, and is opened for the server alone", async () => {
    const [key, other] = [randomBytes(32).toString("base64"), randomBytes(32).toString("base64")];
    const path = await recordedFile(4, { key });
    const sealed = readFileSync(path);
    for (const word of ["OggS", "Opus", "call-1"]) expect(sealed.includes(word)).toBe(false);
    const { answer, kept } = store();
    // What it has, it says: every piece begins in the middle of a block.
    const server = await fakeServer(({ offset, isFinal, body }) =>
      answer({ offset, isFinal, body: body.subarray(0, 1001) }),
    );
    let nowMs = Date.now();
    const strange = keepRecordings({ dir, maxMb: 10, keys: [other], to: server.to, log, now: () => nowMs });
    await strange.check();
    nowMs += 61_000;
    await strange.close();
    expect([server.asked.length, readdirSync(dir)]).toEqual([0, ["call-1.1.ogg"]]);
    writeFileSync(path, sealed.subarray(0, sealed.length - 50));
    const opened = await openSegmentFile(path, sealed.length - 50, [other, key]);
    const plain = await opened.read(0, 1e6);
    for (const offset of [1, 15, 16, 17, 4097])
      expect(Buffer.from(await opened.read(offset, 33)).equals(plain.subarray(offset, offset + 33))).toBe(true);
    await keepRecordings({ dir, maxMb: 10, keys: [other, key], to: server.to, log }).close();
    await server.close();
    expect(kept().equals(plain.subarray(0, kept().length))).toBe(true);
    expect(kept().length).toBe(plain.length);
    expect(readSegment(kept())).toMatchObject({ callId: "call-1", complete: false });
  });

  it("is removed here too when its call was erased", async () => {
    await recordedFile(1);
    const server = await fakeServer(() => [410, { code: "erased" }]);
    await keepRecordings({ dir, maxMb: 10, to: server.to, log }).close();
    await server.close();
    expect(readdirSync(dir)).toEqual([]);
  });

  it("stays without a server, up to the cap: the oldest finished goes first, a running one never", async () => {
    const filler = (name: string, ageS: number) => {
      writeFileSync(join(dir, name), Buffer.alloc(600 * 1024));
      const then = Date.now() / 1000 - ageS;
      utimesSync(join(dir, name), then, then);
    };
    filler("older.1.ogg", 300);
    filler("old.2.ogg", 200);
    filler("running.1.ogg", 1);
    filler("foreign.ogg", 900);
    await keepRecordings({ dir, maxMb: 1, to: null, log }).close();
    expect(readdirSync(dir).sort()).toEqual(["foreign.ogg", "running.1.ogg"]);
  });

  it("does nothing where there is none", async () => {
    await keepRecordings({ dir: join(dir, "none"), maxMb: 1, to: null, log }).close();
    expect(readdirSync(dir)).toEqual([]);
  });
});
