import { PROTOCOL } from "@parley/uplink";
import WebSocket from "ws";
import { now } from "../time.ts";

/** As a worker gathers what its shards write, and as much as it puts into a message. */
const GATHER_MS = 30;
const MAX_BATCH_BYTES = 128 * 1024;
const MAX_BATCH_FACTS = 2_000;
const TEXT = "I would like to move my appointment from Tuesday morning to Thursday afternoon, if that is possible.";

export interface LoadOptions {
  port: number;
  key: string;
  lines: number;
  calls: number;
  /** Facts a second, over all calls. */
  rate: number;
  seconds: number;
  /** Before what is measured begins. */
  warmSeconds: number;
  run: string;
  /** Calls have begun; told before the load comes. */
  begun?: (callIds: string[]) => Promise<void>;
  /** What is measured begins. */
  measured?: () => void;
}

export interface LoadResult {
  facts: number;
  batches: number;
  /** Over the measured time. */
  acked: number;
  seconds: number;
  /** A batch sent -> its ack. */
  writeMs: number[];
  /** A fact made -> the ack of its batch. */
  factMs: number[];
  /** Facts that were made and not acked when the time was over. */
  behind: number;
}

interface Call {
  callId: string;
  seq: number;
  pending: { json: string; madeAt: number }[];
  begun: boolean;
}

interface Sent {
  call: Call;
  bytes: number;
  sentAt: number;
  madeAt: number[];
}

/** Workers' lines with calls that write facts at a steady rate, each sent as a worker sends it. */
export async function load(options: LoadOptions): Promise<LoadResult> {
  const result: LoadResult = { facts: 0, batches: 0, acked: 0, seconds: 0, writeMs: [], factMs: [], behind: 0 };
  let measuring = false;
  const lines = await Promise.all(Array.from({ length: options.lines }, (_, index) => openLine(options, index, onAck)));
  function onAck(sent: Sent): void {
    const at = now();
    if (!measuring) return;
    result.batches += 1;
    result.acked += sent.madeAt.length;
    result.writeMs.push(at - sent.sentAt);
    for (const madeAt of sent.madeAt) result.factMs.push(at - madeAt);
  }

  const calls: { call: Call; line: Line }[] = Array.from({ length: options.calls }, (_, index) => {
    const call: Call = { callId: `${options.run}-${index}`, seq: 0, pending: [], begun: false };
    const line = lines[index % lines.length] as Line;
    line.calls.push(call);
    return { call, line };
  });
  for (const { call, line } of calls) line.make(call);
  while (calls.some(({ call }) => !call.begun)) await new Promise((resolve) => setTimeout(resolve, 20));

  await options.begun?.(calls.map(({ call }) => call.callId));
  let made = 0;
  let next = 0;
  const from = now();
  let measuredFrom = 0;
  const until = from + (options.warmSeconds + options.seconds) * 1000;
  while (now() < until) {
    if (!measuring && now() - from > options.warmSeconds * 1000) {
      measuring = true;
      measuredFrom = now();
      options.measured?.();
    }
    const due = Math.floor(((now() - from) / 1000) * options.rate);
    for (; made < due; made += 1) {
      const { call, line } = calls[next] as (typeof calls)[number];
      next = (next + 1) % calls.length;
      line.make(call);
      if (measuring) result.facts += 1;
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  result.seconds = (now() - measuredFrom) / 1000;
  measuring = false;
  result.behind = lines.reduce((sum, line) => sum + line.unacked(), 0);
  for (const line of lines) line.close();
  return result;
}

interface Line {
  calls: Call[];
  make(call: Call): void;
  unacked(): number;
  close(): void;
}

async function openLine({ port, key }: LoadOptions, index: number, onAck: (sent: Sent) => void): Promise<Line> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/uplink`, {
    headers: { authorization: `Bearer ${key}` },
    perMessageDeflate: false,
  });
  const calls: Call[] = [];
  const onLine = new Map<number, Sent>();
  const grown = new Set<Call>();
  let credit = 0;
  let bytesOut = 0;
  let batchId = 0;
  let gather: NodeJS.Timeout | undefined;
  let turnDue = false;
  const { promise: up, resolve: isUp, reject } = Promise.withResolvers<void>();

  const lease = () =>
    socket.send(
      JSON.stringify({
        type: "lease",
        draining: false,
        open: false,
        unshipped: [],
        calls: calls.map(({ callId }) => ({
          callId,
          epoch: 1,
          room: null,
          agentName: "bench",
          identity: "agent-bench",
          crashes: 0,
        })),
      }),
    );
  let heartbeat: NodeJS.Timeout | undefined;

  function send(): void {
    turnDue = false;
    for (const call of grown) {
      if (bytesOut >= credit) return;
      if (!call.begun && [...onLine.values()].some((sent) => sent.call === call)) continue;
      const facts: string[] = [];
      const madeAt: number[] = [];
      let bytes = 0;
      for (const fact of call.pending) {
        if (facts.length >= MAX_BATCH_FACTS || bytes + fact.json.length > MAX_BATCH_BYTES) break;
        facts.push(fact.json);
        madeAt.push(fact.madeAt);
        bytes += fact.json.length + 1;
      }
      call.pending.splice(0, facts.length);
      if (call.pending.length === 0) grown.delete(call);
      batchId += 1;
      const text = `{"type":"facts","batch":${batchId},"callId":"${call.callId}","epoch":1,"facts":[${facts.join(",")}]}`;
      onLine.set(batchId, { call, bytes: text.length, sentAt: now(), madeAt });
      bytesOut += text.length;
      socket.send(text);
    }
  }

  socket.on("open", () =>
    socket.send(
      JSON.stringify({
        type: "hello",
        protocol: PROTOCOL,
        worker: `w${index}`,
        instance: `i${index}`,
        agent: "bench",
        tools: [],
      }),
    ),
  );
  socket.on("message", (data) => {
    const message = JSON.parse(String(data)) as { type: string; batch: number; creditBytes: number; leaseMs: number };
    if (message.type === "welcome") {
      credit = message.creditBytes;
      heartbeat = setInterval(lease, message.leaseMs);
      isUp();
    } else if (message.type === "ack") {
      const sent = onLine.get(message.batch) as Sent;
      onLine.delete(message.batch);
      bytesOut -= sent.bytes;
      sent.call.begun = true;
      onAck(sent);
      // As a worker does: what has grown meanwhile goes on the line at once.
      if (!turnDue) setImmediate(send);
      turnDue = true;
      // The only one here says that somebody watches: these calls have nothing to show that is not stored.
    } else if (message.type !== "command") throw new Error(`the server said ${String(data).slice(0, 300)}`);
  });
  socket.on("error", reject);
  await up;
  return {
    calls,
    make(call) {
      call.seq += 1;
      const madeAt = now();
      call.pending.push({ json: factJson(call.callId, call.seq, madeAt), madeAt });
      grown.add(call);
      gather ??= setTimeout(() => {
        gather = undefined;
        send();
      }, GATHER_MS);
    },
    unacked: () =>
      calls.reduce((sum, { pending }) => sum + pending.length, 0) +
      [...onLine.values()].reduce((sum, { madeAt }) => sum + madeAt.length, 0),
    close() {
      clearInterval(heartbeat);
      clearTimeout(gather);
      socket.terminate();
    },
  };
}

/** Some 300 bytes, as most facts are; the first one begins the call. */
function factJson(callId: string, seq: number, madeAt: number): string {
  const envelope = `"callId":"${callId}","epoch":1,"seq":${seq},"at":${seq * 10},"version":1`;
  if (seq === 1) return `{${envelope},"type":"call-started","agent":"bench","room":null,"wallMs":${Date.now()}}`;
  return `{${envelope},"type":"transcript-final","participantId":"caller-1","utteranceId":"u${seq}","text":"${TEXT}","confidence":0.94,"language":"en","madeAt":${madeAt}}`;
}
