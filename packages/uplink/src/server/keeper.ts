import type { HandOverTo, LeasedCall, UnservedCall } from "../messages.ts";
import type { UplinkPeer } from "./peer.ts";

/** `lost`: the line broke or fell silent. `goodbye`: the worker closed it. `closed-by-us`: this end did. */
export type Gone = "lost" | "goodbye" | "closed-by-us";

export interface Lease {
  calls: readonly LeasedCall[];
  draining: boolean;
  /** It has room for a new call. */
  open: boolean;
  /** Calls that ended there and whose logs are not all here; as long as MAX_UNSHIPPED: perhaps more. */
  unshipped: readonly string[];
}

/** Who keeps book of the calls' owners: what the uplink tells it, and asks it. */
export interface CallKeeper {
  /** A worker has said hello. Its first lease follows. */
  up(peer: UplinkPeer): void;
  leased(peer: UplinkPeer, lease: Lease): void;
  /** LiveKit offered the worker a call, and it had no room for it. */
  unserved(peer: UplinkPeer, call: UnservedCall): void;
  /** Only of one that had said hello. */
  gone(peer: UplinkPeer, how: Gone): void;
  /** A rejection: the worker is told that there is no answer. */
  claim(
    peer: UplinkPeer,
    call: { callId: string; room: string | null; epoch: number | null },
  ): Promise<{ granted: boolean; epoch: number; owner: string | null }>;
  /** Before a worker is given a call's log: whoever is to go on with the call begins here. */
  reads(peer: UplinkPeer, callId: string): Promise<void>;
  /** `to`: only a worker of that agent, which goes on with the call. */
  handOver(
    peer: UplinkPeer,
    call: { callId: string; epoch: number; to?: HandOverTo | undefined },
  ): Promise<{ accepted: boolean; reason: string }>;
}

/** For a server that keeps no book: whoever asks may, and nobody takes anything over. */
export const noKeeper: CallKeeper = {
  up() {},
  leased() {},
  unserved() {},
  gone() {},
  claim: async (_peer, { epoch }) => ({ granted: true, epoch: epoch ?? 0, owner: null }),
  reads: async () => undefined,
  handOver: async () => ({ accepted: false, reason: "this server knows no other worker" }),
};
