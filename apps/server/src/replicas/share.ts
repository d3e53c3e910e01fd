import { randomUUID } from "node:crypto";
import type { Clock } from "@parley/engine";
import type { ReplicaEvents, ReplicaLink } from "@parley/store";
import type { CallKeeper, Command, FactSink, Lease, OrderResult, UplinkPeer } from "@parley/uplink";
import { commandMs, type Leases, MAX_ARGS_BYTES, type NewSession } from "../leases/leases.ts";
import type { ServerLog } from "../log.ts";
import {
  type Asked,
  type LineHello,
  type Message,
  type MessageBody,
  parseMessage,
  type Told,
  VERSION,
  type WorkerKind,
} from "./messages.ts";
import { questions } from "./questions.ts";
import { type RemoteLines, remoteLines } from "./remote-lines.ts";

/** For a leader to be found, and for it to answer. */
const LEADER_MS = 4_000;
const HAND_OVER_MS = 60_000;
/** Beyond what the leader itself waits. */
const MORE_MS = 1_000;
const LOOK_MS = 50;
const HEARTBEATS = 3;

export interface ShareOptions {
  join(events: ReplicaEvents): ReplicaLink;
  /** Keeps the book, from now until it is closed: this replica leads. */
  keep(): Leases;
  facts: FactSink;
  /** For a take-over that another replica ordered to a worker of ours. */
  mintToken(seat: { room: string; identity: string }): Promise<string>;
  heartbeatMs: number;
  clock: Clock;
  log: ServerLog;
}

/** The leases of all replicas' workers: one replica keeps the book, the others speak with it. */
export interface SharedLeases extends Leases {
  /** Of the workers that are connected to any replica; alike ones of another replica come once. */
  workers(): WorkerKind[];
}

interface OwnLine {
  id: string;
  lease: Lease | null;
}

interface Neighbour {
  workers: WorkerKind[];
  heardAtMs: number;
}

/** See docs/decisions/025-one-replica-keeps-the-book.md. */
export function shareLeases(options: ShareOptions): SharedLeases {
  const { facts, clock, log, heartbeatMs } = options;
  const asking = questions(clock);
  const lines = new Map<UplinkPeer, OwnLine>();
  const neighbours = new Map<string, Neighbour>();
  let leader: { id: string; term: number } | null = null;
  let desk: { leases: Leases; remote: RemoteLines; term: number } | null = null;
  let isUp = false;
  let isClosed = false;
  let stop = (): void => {};

  const link = options.join({
    up() {
      isUp = true;
      say(null, { type: "hello" });
      beHere();
    },
    down() {
      isUp = false;
      leader = null;
      neighbours.clear();
      resign();
      asking.gone(null);
    },
    leading(term) {
      log.info({ term }, "this replica keeps the book of leases");
      leader = null;
      const leases = options.keep();
      desk = { leases, remote: remoteLines(leases.keeper, asking, say), term };
      for (const [peer, { lease }] of lines) {
        leases.keeper.up(peer);
        if (lease !== null) leases.keeper.leased(peer, lease);
      }
      beHere();
    },
    message(from, text) {
      const message = parseMessage(text);
      if (message === null || (message.to !== null && message.to !== link.id)) return;
      const neighbour = neighbours.get(from);
      if (neighbour !== undefined) neighbour.heardAtMs = clock.now();
      receive(from, message);
    },
  });

  function say(to: string | null, body: MessageBody): void {
    if (isUp) link.send(JSON.stringify({ v: VERSION, to, ...body }));
  }

  function beHere(): void {
    say(null, { type: "here", workers: kinds(lines.keys()), leads: desk?.term ?? null, again: false });
  }

  function tick(): void {
    stop = clock.after(heartbeatMs, () => {
      beHere();
      for (const [id, { heardAtMs }] of neighbours) if (clock.now() - heardAtMs > heartbeatMs * HEARTBEATS) forget(id);
      tick();
    });
  }

  function forget(id: string): void {
    log.warn({ replica: id }, "another replica is silent; its workers are missed");
    neighbours.delete(id);
    if (leader?.id === id) leader = null;
    asking.gone(id);
    desk?.remote.lost(id);
  }

  /** Another one leads from now on, or nobody does. */
  function resign(): void {
    desk?.leases.close();
    desk = null;
  }

  function follow(id: string, term: number, again: boolean): void {
    const isKnown = leader?.id === id && leader.term === term;
    if ((isKnown && !again) || (leader?.term ?? 0) > term) return;
    // Ours is older: our session is gone and has not told us yet.
    if (desk !== null && desk.term < term) resign();
    if (desk !== null) return;
    if (leader !== null && !isKnown) asking.gone(leader.id);
    leader = { id, term };
    const all = [...lines].map(([peer, { id: line, lease }]) => ({ ...helloOf(peer, line), lease }));
    say(id, { type: "roll", term, lines: all });
  }

  function receive(from: string, message: Message): void {
    switch (message.type) {
      case "hello":
        beHere();
        return;
      case "here":
        if (!neighbours.has(from) && desk !== null)
          say(from, { type: "here", workers: kinds(lines.keys()), leads: desk.term, again: true });
        neighbours.set(from, { workers: message.workers, heardAtMs: clock.now() });
        if (message.leads !== null) follow(from, message.leads, message.again);
        return;
      case "roll":
        if (desk?.term === message.term) desk.remote.roll(from, message.lines);
        return;
      case "told":
        if (desk?.term === message.term) desk.remote.told(from, message.told);
        return;
      case "ask":
        void answer(from, message.id, () => decide(from, message.term, message.asked));
        return;
      case "order":
        void answer(from, message.id, () => order(message.line, message.command, message.withinMs));
        return;
      case "close":
        ownPeer(message.line)?.close(message.code, message.reason);
        return;
      case "command":
        void answer(from, message.id, async () => command(message.callId, message.name, message.args, false));
        return;
      case "begin":
        void answer(from, message.id, () => begin(message.call, false));
        return;
      case "answer":
        asking.answered(from, message.id, message);
        return;
      default:
        message satisfies never;
    }
  }

  async function answer(to: string, id: string, task: () => Promise<unknown>): Promise<void> {
    try {
      const value = (await task()) ?? null;
      say(to, { type: "answer", id, ok: true, value });
    } catch (error) {
      say(to, { type: "answer", id, ok: false, error: error instanceof Error ? error.message : String(error) });
    }
  }

  async function decide(from: string, term: number, asked: Asked): Promise<unknown> {
    const peer = desk?.term === term ? desk.remote.peer(from, asked.line) : undefined;
    if (desk === null || peer === undefined) throw new Error("this replica keeps no book of that line");
    const { keeper } = desk.leases;
    if (asked.what === "claim") return keeper.claim(peer, asked.call);
    if (asked.what === "reads") return keeper.reads(peer, asked.callId);
    return keeper.handOver(peer, asked.call);
  }

  async function order(line: string, given: Omit<Command, "commandId">, withinMs: number): Promise<OrderResult> {
    const peer = ownPeer(line);
    if (peer === undefined) return { ok: false, reason: "line-lost" };
    if (given.name !== "take-over") return peer.command(given, withinMs);
    const { room, identity } = given.args as { room: string; identity: string };
    const token = await options.mintToken({ room, identity });
    return peer.command({ ...given, args: { ...given.args, token } }, withinMs);
  }

  function ownPeer(line: string): UplinkPeer | undefined {
    for (const [peer, { id }] of lines) if (id === line) return peer;
    return undefined;
  }

  function tell(told: Told): void {
    if (leader !== null) say(leader.id, { type: "told", term: leader.term, told });
  }

  /** Whoever leads is found in a moment after each start. */
  async function found(): Promise<void> {
    for (let waitedMs = 0; desk === null && leader === null && waitedMs < LEADER_MS && !isClosed; waitedMs += LOOK_MS)
      await new Promise<void>((resolve) => clock.after(LOOK_MS, resolve));
  }

  async function ask<T>(
    peer: UplinkPeer,
    withinMs: number,
    own: (keeper: CallKeeper) => Promise<T>,
    asked: (line: string) => Asked,
  ): Promise<T> {
    await found();
    if (desk !== null) return own(desk.leases.keeper);
    const line = lines.get(peer);
    if (leader === null || line === undefined) throw nobodyLeads();
    const { id: to, term } = leader;
    return asking.ask<T>(to, withinMs, (id) => say(to, { type: "ask", term, id, asked: asked(line.id) }));
  }

  const keeper: CallKeeper = {
    up(peer) {
      const line = { id: randomUUID(), lease: null };
      lines.set(peer, line);
      if (desk !== null) desk.leases.keeper.up(peer);
      else tell({ what: "up", ...helloOf(peer, line.id) });
      beHere();
    },
    leased(peer, lease) {
      const line = lines.get(peer);
      if (line === undefined) return;
      line.lease = lease;
      if (desk !== null) desk.leases.keeper.leased(peer, lease);
      else tell({ what: "leased", line: line.id, lease });
    },
    unserved(peer, call) {
      const line = lines.get(peer);
      if (desk !== null) desk.leases.keeper.unserved(peer, call);
      else if (line !== undefined) tell({ what: "unserved", line: line.id, call });
    },
    gone(peer, how) {
      const line = lines.get(peer);
      lines.delete(peer);
      if (desk !== null) desk.leases.keeper.gone(peer, how);
      else if (line !== undefined) {
        tell({ what: "gone", line: line.id, how });
        void peer.done.then(() => tell({ what: "done", line: line.id }));
      }
      beHere();
    },
    claim: (peer, call) =>
      ask(
        peer,
        LEADER_MS,
        (own) => own.claim(peer, call),
        (line) => ({ what: "claim", line, call }),
      ),
    reads: (peer, callId) =>
      ask(
        peer,
        LEADER_MS,
        (own) => own.reads(peer, callId),
        (line) => ({ what: "reads", line, callId }),
      ),
    handOver: (peer, call) =>
      ask(
        peer,
        HAND_OVER_MS,
        (own) => own.handOver(peer, call),
        (line) => ({ what: "hand-over", line, call }),
      ),
  };

  /** Whoever of ours leases the call, in the highest epoch. */
  function ownOwner(callId: string): UplinkPeer | null {
    let best: { peer: UplinkPeer; epoch: number } | null = null;
    for (const [peer, { lease }] of lines)
      for (const call of lease?.calls ?? [])
        if (call.callId === callId && call.epoch >= (best?.epoch ?? 0)) best = { peer, epoch: call.epoch };
    return best?.peer ?? null;
  }

  async function command(
    callId: string,
    name: Parameters<Leases["command"]>[1],
    args: Record<string, unknown>,
    mayAsk: boolean,
  ): Promise<OrderResult> {
    if (Buffer.byteLength(JSON.stringify(args)) > MAX_ARGS_BYTES) return { ok: false, reason: "args-too-large" };
    if (desk !== null) return desk.leases.command(callId, name, args);
    if (mayAsk && leader !== null) {
      const { id: to } = leader;
      return asking
        .ask<OrderResult>(to, commandMs(name) + MORE_MS, (id) => say(to, { type: "command", id, callId, name, args }))
        .catch((error: Error) => ({ ok: false, reason: error.message }));
    }
    // Nobody keeps the book: who runs the call is known of our own workers.
    return ownOwner(callId)?.command({ callId, name, args }, commandMs(name)) ?? { ok: false, reason: "no-owner" };
  }

  async function begin(call: NewSession, mayAsk: boolean): Promise<void> {
    if (mayAsk) await found();
    if (desk !== null) return desk.leases.begin(call);
    if (!mayAsk || leader === null) throw nobodyLeads();
    const { id: to } = leader;
    await asking.ask(to, LEADER_MS, (id) => say(to, { type: "begin", id, call }));
  }

  tick();
  return {
    keeper,
    heartbeatMs,
    facts: {
      appendBatch: (batch) => (desk?.leases.facts ?? facts).appendBatch(batch),
      read: (callId, page) => (desk?.leases.facts ?? facts).read(callId, page),
    },
    command: (callId, name, args) => command(callId, name, args, true),
    begin: (call) => begin(call, true),
    workers: () => [...kinds(lines.keys()), ...[...neighbours.values()].flatMap(({ workers }) => workers)],
    close() {
      if (isClosed) return;
      isClosed = true;
      stop();
      resign();
      asking.gone(null);
      void link.close();
    },
  };
}

const nobodyLeads = (): Error => new Error("no replica keeps the book of leases at the moment");

function helloOf({ worker, instance, agent, tools }: UplinkPeer, line: string): LineHello {
  return { line, worker, instance, agent, tools };
}

function kinds(peers: Iterable<UplinkPeer>): WorkerKind[] {
  const found = new Map<string, WorkerKind>();
  for (const { agent, tools } of peers) found.set(JSON.stringify([agent, tools]), { agent, tools });
  return [...found.values()];
}
