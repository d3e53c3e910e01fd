import type { CallKeeper, Command, Lease, OrderResult, UplinkPeer } from "@parley/uplink";
import type { LineHello, MessageBody, Told } from "./messages.ts";
import type { Questions } from "./questions.ts";

/** Beyond the time that the worker itself has: for the way to its replica and back. */
const WAY_MS = 1_000;

interface RemoteLine {
  peer: UplinkPeer;
  finish(): void;
}

/** Workers' lines at other replicas, as the leader's book sees them: like its own. */
export interface RemoteLines {
  told(replica: string, told: Told): void;
  /** Everything that is there now; what was known and is not named is lost. */
  roll(replica: string, lines: readonly (LineHello & { lease: Lease | null })[]): void;
  peer(replica: string, line: string): UplinkPeer | undefined;
  /** The replica is silent for good. */
  lost(replica: string): void;
}

export function remoteLines(
  keeper: CallKeeper,
  questions: Questions,
  send: (to: string, message: MessageBody) => void,
): RemoteLines {
  const replicas = new Map<string, Map<string, RemoteLine>>();

  function linesOf(replica: string): Map<string, RemoteLine> {
    const known = replicas.get(replica);
    if (known !== undefined) return known;
    const lines = new Map<string, RemoteLine>();
    replicas.set(replica, lines);
    return lines;
  }

  function open(replica: string, { line, worker, instance, agent, tools }: LineHello): UplinkPeer {
    const known = linesOf(replica).get(line);
    if (known !== undefined) return known.peer;
    const { promise: done, resolve: finish } = Promise.withResolvers<void>();
    const peer: UplinkPeer = {
      worker,
      instance,
      agent,
      tools,
      done,
      async command(command, withinMs): Promise<OrderResult> {
        const order = { type: "order" as const, line, command: withoutToken(command), withinMs };
        try {
          return await questions.ask(replica, withinMs + WAY_MS, (id) => send(replica, { ...order, id }));
        } catch (error) {
          return { ok: false, reason: (error as Error).message };
        }
      },
      close: (code, reason) => send(replica, { type: "close", line, code, reason }),
    };
    linesOf(replica).set(line, { peer, finish });
    keeper.up(peer);
    return peer;
  }

  function lose(replica: string, line: string): void {
    const known = linesOf(replica).get(line);
    if (known === undefined) return;
    linesOf(replica).delete(line);
    keeper.gone(known.peer, "lost");
    known.finish();
  }

  return {
    told(replica, told) {
      if (told.what === "up") return void open(replica, told);
      const known = linesOf(replica).get(told.line);
      if (known === undefined) return;
      if (told.what === "leased") keeper.leased(known.peer, told.lease);
      else if (told.what === "unserved") keeper.unserved(known.peer, told.call);
      else if (told.what === "gone") keeper.gone(known.peer, told.how);
      else {
        linesOf(replica).delete(told.line);
        known.finish();
      }
    },
    roll(replica, lines) {
      const named = new Set(lines.map(({ line }) => line));
      for (const line of [...linesOf(replica).keys()]) if (!named.has(line)) lose(replica, line);
      for (const { lease, ...hello } of lines) {
        const peer = open(replica, hello);
        if (lease !== null) keeper.leased(peer, lease);
      }
    },
    peer: (replica, line) => replicas.get(replica)?.get(line)?.peer,
    lost(replica) {
      for (const line of [...linesOf(replica).keys()]) lose(replica, line);
      replicas.delete(replica);
    },
  };
}

/** Tokens for LiveKit do not travel: whoever holds the line mints one. */
function withoutToken(command: Omit<Command, "commandId">): Omit<Command, "commandId"> {
  return command.name === "take-over" ? { ...command, args: { ...command.args, token: "" } } : command;
}
