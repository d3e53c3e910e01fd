import { unlink } from "node:fs/promises";
import type { Log } from "../log.ts";
import { listSegments, type SegmentFile } from "./folder.ts";
import { type OpenedFile, openSegmentFile } from "./sealing.ts";
import { type Recipient, type Shipped, shipSegment } from "./ship-segment.ts";

const EVERY_MS = 5_000;
/** A recording grows every half second while its call lives, whether anything sounds or not. */
const DEAD_MS = 60_000;
/** Its end is within as much: 25 packets of 20 ms. */
const TAIL_BYTES = 64 * 1024;
const MOST_WAIT_MS = 300_000;
/** At once; a server that was away has a lot to take. */
const AT_ONCE = 4;
const MIB = 1024 * 1024;

export interface KeptRecordings {
  /** Looks at the folder now. Never rejects. */
  check(): Promise<void>;
  /** Looks once more, waits a little for what is on its way. Idempotent; the next worker sends the rest. */
  close(): Promise<void>;
}

export interface KeepOptions {
  dir: string;
  maxMb: number;
  /** What files may be sealed with. */
  keys?: readonly string[];
  /** Null: the recordings stay where they are. */
  to: Recipient | null;
  log: Log;
  now?: () => number;
}

interface Way {
  offset: number;
  failures: number;
  againAtMs: number;
}

/**
 * What becomes of the files that shards record into, whichever process recorded them: they go to the server while their
 * calls go on, and are removed once it has them whole. Beyond the cap the oldest finished ones are dropped.
 */
export function keepRecordings({ dir, maxMb, keys = [], to, log, now = Date.now }: KeepOptions): KeptRecordings {
  const ways = new Map<string, Way>();
  let looking: Promise<void> | null = null;
  let closed: Promise<void> | null = null;

  async function look(): Promise<void> {
    const files = listSegments(dir);
    const names = new Set(files.map(({ path }) => path));
    for (const path of ways.keys()) if (!names.has(path)) ways.delete(path);
    if (to) await inTurns(files, (file) => ship(file, to));
    await drop(listSegments(dir));
  }

  async function ship(file: SegmentFile, recipient: Recipient): Promise<void> {
    const way = ways.get(file.path) ?? { offset: 0, failures: 0, againAtMs: 0 };
    ways.set(file.path, way);
    if (now() < way.againAtMs) return;
    const shipped = await send(file, way, recipient);
    if (shipped === null) return;
    const { callId, epoch } = file;
    if (shipped.outcome === "complete") log.debug({ callId, epoch }, "the server has the recording");
    if (shipped.outcome === "erased") log.info({ callId, epoch }, "a recording was removed: its call is erased");
    if (!("offset" in shipped)) {
      ways.delete(file.path);
      return;
    }
    way.offset = shipped.offset;
    way.failures = shipped.outcome === "refused" ? way.failures + 1 : 0;
    if (shipped.outcome === "received") return;
    way.againAtMs = now() + Math.min(MOST_WAIT_MS, EVERY_MS * 2 ** Math.min(way.failures - 1, 10));
    if (way.failures === 1)
      log.warn(
        { callId, epoch, why: shipped.why },
        "a recording can't be given to the server; it stays here meanwhile",
      );
  }

  /** Null: there is nothing new. */
  async function send(file: SegmentFile, { offset }: Way, recipient: Recipient): Promise<Shipped | null> {
    try {
      const opened = await openSegmentFile(file.path, file.sizeBytes, keys);
      const isFinal = isDead(file) || (await endsWithLastPage(opened));
      if (!isFinal && offset >= opened.sizeBytes) return null;
      return await shipSegment(file, opened, { offset, isFinal }, recipient);
    } catch (error) {
      return { outcome: "refused", offset, why: String((error as Error).message) };
    }
  }

  const isDead = ({ modifiedMs }: SegmentFile): boolean => now() - modifiedMs > DEAD_MS;

  async function isFinished(file: SegmentFile): Promise<boolean> {
    if (isDead(file)) return true;
    const opened = await openSegmentFile(file.path, file.sizeBytes, keys).catch(() => null);
    return opened !== null && (await endsWithLastPage(opened));
  }

  async function drop(files: readonly SegmentFile[]): Promise<void> {
    let bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    for (const file of files) {
      if (bytes <= maxMb * MIB) return;
      if (!(await isFinished(file))) continue;
      await unlink(file.path).catch(() => {});
      bytes -= file.sizeBytes;
      const { callId, epoch } = file;
      const fields = { callId, epoch, maxMb };
      if (to) log.error(fields, "a recording that the server had not taken was removed, to stay under the cap");
      else log.info(fields, "a finished recording was removed, to stay under the cap");
    }
  }

  function check(): Promise<void> {
    looking ??= look()
      .catch((error: unknown) => log.warn({ dir, err: error }, "recordings could not be looked at"))
      .finally(() => {
        looking = null;
      });
    return looking;
  }

  void check();
  const timer = setInterval(() => void check(), EVERY_MS);
  timer.unref();
  return {
    check,
    close() {
      clearInterval(timer);
      closed ??= (async () => {
        const last = async () => {
          await looking;
          await check();
        };
        await Promise.race([last(), new Promise((resolve) => setTimeout(resolve, EVERY_MS).unref())]);
      })();
      return closed;
    },
  };
}

/** The header of its last page says so (RFC 3533, section 6). */
async function endsWithLastPage({ sizeBytes, read }: OpenedFile): Promise<boolean> {
  const tail = Buffer.from(await read(Math.max(0, sizeBytes - TAIL_BYTES), TAIL_BYTES));
  const at = tail.lastIndexOf("OggS");
  return at >= 0 && at + 5 < tail.length && (tail[at + 5]! & 4) !== 0;
}

async function inTurns<T>(items: readonly T[], run: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const one = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await run(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}
