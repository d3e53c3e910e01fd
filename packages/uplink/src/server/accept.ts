import type { Writable } from "node:stream";
import type { WebSocket } from "ws";
import { silentLog, type UplinkLog } from "../log.ts";
import {
  type AgentTransfer,
  type AgentWanted,
  type CallKnown,
  type FromServer,
  type FromWorker,
  type Interim,
  PROTOCOL,
  parseFromWorker,
  type Question,
  type WorkerMeasured,
} from "../messages.ts";
import { answers } from "./answers.ts";
import { type CallKeeper, noKeeper } from "./keeper.ts";
import { oneWrite } from "./one-write.ts";
import { type OrderResult, orders } from "./orders.ts";
import type { UplinkPeer } from "./peer.ts";
import type { FactSink } from "./sink.ts";
import { storing } from "./storing.ts";

export interface AcceptOptions {
  /** Who the key belongs to. */
  keyName: string;
  store: FactSink;
  log?: UplinkLog;
  /** How often a worker is heard of at least. Default 5,000 ms; three times that, and it counts as gone. */
  leaseMs?: number;
  /** How much a worker may have on the line unconfirmed. Default 1 MiB. */
  creditBytes?: number;
  /** What a stored agent is. Default: there are none. */
  agentVersion?: (wanted: AgentWanted) => Promise<Record<string, unknown> | null>;
  /** The agent of a call wants another one, which is not in its process. Default: there is none. */
  transfer?: (wanted: AgentTransfer) => Promise<OrderResult>;
  /** What there is to say of a call that begins. Default: nothing. */
  callContext?: (call: { callId: string; metadata: string }) => Promise<CallKnown>;
  /** What a worker has measured. Default: nobody wants to know. */
  measured?: (peer: UplinkPeer, told: WorkerMeasured) => void;
  /** What is being understood in a call that somebody watches. Default: nobody wants to know. */
  interim?: (told: Interim) => void;
  /** Who decides about claims and take-overs. Default: whoever asks may. */
  keeper?: CallKeeper;
}

const HELLO_MS = 10_000;
const SILENT_HEARTBEATS = 3;
/** A worker that does not read its acks. */
const MAX_BUFFERED_BYTES = 1024 * 1024;
/** Taken from the socket and not yet dealt with: beyond it the socket is not read. More than a worker's credit. */
const MAX_WAITING_BYTES = 2 * 1024 * 1024;
const MAX_WAITING = 4_096;

// Close codes: RFC 6455, 7.4.1, and the IANA registry for 1013.
const NORMAL = 1000;
const GOING = 1001;
const POLICY = 1008;
const INTERNAL = 1011;
const TRY_LATER = 1013;

/** The server's end of one worker's line, on a socket whose key was found good; `raw` is what it writes to. */
export function acceptUplink(socket: WebSocket, raw: Writable, options: AcceptOptions): UplinkPeer {
  const { store, keyName, log = silentLog, leaseMs = 5_000, creditBytes = 1024 * 1024, keeper = noKeeper } = options;
  const { agentVersion = async () => null } = options;
  let worker = keyName;
  let instance = "";
  let agent: string | null = null;
  let tools: readonly string[] = [];
  let closedByUs = false;
  let saidHello = false;
  let isListening = false;
  let isOver = false;
  const gather = oneWrite(raw);
  const { promise: done, resolve: finish } = Promise.withResolvers<void>();

  const work = storing({
    appendBatch: (batch) => store.appendBatch(batch),
    send,
    failed: () => close(TRY_LATER, "the store is not available"),
    onDone() {
      if (work.size < MAX_WAITING / 2 && work.bytes < MAX_WAITING_BYTES / 2 && socket.isPaused) socket.resume();
      if (isOver && work.size === 0) finish();
    },
    worker: () => worker,
    log,
  });
  let silence = setTimeout(() => close(POLICY, "no hello"), HELLO_MS);
  const given = orders((command) => send({ type: "command", ...command }));
  const asked = answers({
    claim: (call) => keeper.claim(peer, call),
    context: async (call) => (await options.callContext?.(call)) ?? { context: null },
    handOver: (call) => keeper.handOver(peer, call),
    transfer: async ({ type: _type, requestId: _requestId, ...wanted }) =>
      (await options.transfer?.(wanted)) ?? { ok: false, reason: "agent-not-found" },
    agent: ({ agentId, version, tenantId }) => agentVersion({ agentId, version, tenantId }),
    reads: (callId) => keeper.reads(peer, callId),
    read: (callId, page) => store.read(callId, page),
    send: sendWhenTaken,
    log,
  });

  function send(message: FromServer): void {
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > MAX_BUFFERED_BYTES) {
      log.warn({ worker }, "a worker does not read its acks; its line is cut");
      closedByUs = true;
      socket.terminate();
      return;
    }
    gather();
    socket.send(JSON.stringify(message));
  }

  function sendWhenTaken(message: FromServer): Promise<void> {
    return new Promise((resolve, reject) => {
      socket.send(JSON.stringify(message), (error) => (error ? reject(error) : resolve()));
    });
  }

  function close(code: number, reason: string): void {
    if (socket.readyState === socket.CLOSED) return;
    closedByUs = true;
    // 123 bytes is what a close frame has room for.
    socket.close(code, reason.slice(0, 100));
    setTimeout(() => socket.terminate(), 2_000).unref();
  }

  function greet(message: Extract<FromWorker, { type: "hello" }>): void {
    if (message.protocol !== PROTOCOL) {
      const problem = `the server speaks uplink protocol ${PROTOCOL}, the worker ${message.protocol}: run the same version of both`;
      send({ type: "error", code: "protocol-version", message: problem });
      close(POLICY, "protocol version");
      return;
    }
    saidHello = true;
    worker = `${keyName}/${message.worker}`;
    // Below the key's name: nobody speaks for a worker that has another key.
    instance = `${keyName}/${message.instance}`;
    agent = message.agent;
    tools = message.tools;
    log.info({ worker, agent }, "a worker's uplink is up");
    send({ type: "welcome", protocol: PROTOCOL, creditBytes, leaseMs });
    keeper.up(peer);
  }

  function obeyed(message: Extract<FromWorker, { type: "command-result" }>): void {
    const { commandId, ok, reason, detail } = message;
    given.answered(commandId, { ok, reason, ...(detail === undefined ? {} : { detail }) });
  }

  function receive(message: FromWorker, bytes: number): void {
    if (saidHello === (message.type === "hello")) close(POLICY, "hello comes first, and once");
    else if (message.type === "hello") greet(message);
    else if (message.type === "lease") keeper.leased(peer, message);
    else if (message.type === "unserved") keeper.unserved(peer, message);
    else if (message.type === "interim") options.interim?.(message);
    else if (message.type === "measured") options.measured?.(peer, message);
    else if (message.type === "command-result") obeyed(message);
    else if (isQuestion(message)) asked.ask(message);
    else if (message.type === "error") log.warn({ worker, code: message.code }, `a worker reports: ${message.message}`);
    else {
      work.add(message, bytes);
      if (work.size >= MAX_WAITING || work.bytes >= MAX_WAITING_BYTES) socket.pause();
    }
  }

  function fellSilent(): void {
    // Not read because we are busy is not silence.
    if (socket.isPaused) heard();
    else {
      log.warn({ worker }, "a worker has fallen silent; its line is cut");
      socket.terminate();
    }
  }

  /** Once or twice for every message: the timer is taken up again, not made anew. */
  function heard(): void {
    if (isListening && !isOver) silence.refresh();
    else {
      clearTimeout(silence);
      if (isOver) return;
      isListening = true;
      silence = setTimeout(fellSilent, leaseMs * SILENT_HEARTBEATS);
    }
  }

  socket.on("message", (data, isBinary) => {
    if (isOver || socket.readyState !== socket.OPEN) return;
    if (saidHello) heard();
    let message: FromWorker;
    try {
      message = parseFromWorker(data, isBinary);
    } catch (error) {
      log.warn({ worker }, (error as Error).message);
      close(POLICY, (error as Error).message);
      return;
    }
    try {
      receive(message, (data as Buffer).length);
      if (saidHello) heard();
    } catch (error) {
      log.error({ worker, error: String(error) }, "a worker's message could not be dealt with");
      close(INTERNAL, "internal error");
    }
  });
  socket.on("ping", heard);
  socket.on("error", (error) => log.warn({ worker, error: error.message }, "a worker's uplink failed"));
  socket.on("close", (code) => {
    isOver = true;
    clearTimeout(silence);
    given.close();
    if (saidHello) {
      log.info({ worker, closeCode: code }, "a worker's uplink is down");
      keeper.gone(peer, closedByUs ? "closed-by-us" : code === NORMAL || code === GOING ? "goodbye" : "lost");
    }
    if (work.size === 0) finish();
  });

  const peer: UplinkPeer = {
    get worker() {
      return worker;
    },
    get instance() {
      return instance;
    },
    get agent() {
      return agent;
    },
    get tools() {
      return tools;
    },
    command: (command, withinMs) => given.give(command, withinMs),
    close: (code = GOING, reason = "the server stops") => close(code, reason),
    done,
  };
  return peer;
}

const QUESTIONS: readonly string[] = [
  "claim",
  "context",
  "read",
  "hand-over",
  "transfer",
  "agent",
] satisfies Question["type"][];
const isQuestion = (message: FromWorker): message is Question => QUESTIONS.includes(message.type);
