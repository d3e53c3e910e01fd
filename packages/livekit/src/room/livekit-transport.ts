import type { Room } from "@livekit/rtc-node";
import {
  type AudioOut,
  type Clock,
  linkedAbort,
  ParleyError,
  systemClock,
  type TextChannel,
  type Transport,
  type TransportSink,
} from "@parley/engine";
import { type Log, silentLog } from "../log.ts";
import type { ControlMethod } from "../token/control.ts";
import { AgentSign } from "./agent-sign.ts";
import { AgentVoice, VOICE_BITRATE_BPS } from "./agent-voice.ts";
import { bounded } from "./bounded.ts";
import { ChatSender } from "./chat.ts";
import { connectRoom, leaveRoom } from "./connect-room.ts";
import { guardSink } from "./guard-sink.ts";
import type { IceSettings } from "./ice.ts";
import { type JoinGate, processJoinGate } from "./join-gate.ts";
import { RoomSession } from "./room-session.ts";
import { type RpcMethod, RpcMethods } from "./rpc.ts";
import { Transcripts } from "./transcripts.ts";

export interface LiveKitTransportOptions {
  url: string;
  /** Other ways to the same LiveKit: tried in turn when `url` cannot be reached. */
  fallbackUrls?: readonly string[];
  /** Must allow to publish, subscribe, send data and change the own attributes; see mintAgentToken. */
  token: string;
  /** For joining, once it is this join's turn. Default 30,000. */
  connectTimeoutMs?: number;
  /** Default: as LiveKit says. */
  ice?: IceSettings;
  /** Default: six joins at a time in this process. */
  joinGate?: JoinGate;
  /** How often a failed subscription is tried again. Default 3. */
  subscribeRetries?: number;
  /** When a subscription that has not come counts as failed. Default 5000. */
  subscribeTimeoutMs?: number;
  /** How much of a voice comes at once. Default 32, one window of Silero's; less is heard sooner and costs more CPU. */
  hearingFrameMs?: number;
  /** Of the agent's Opus track. Default 80,000; less costs more CPU. */
  bitrateBps?: number;
  log?: Log;
  clock?: Clock;
}

/** The room as it was at the join. */
export interface JoinedRoom {
  name: string;
  /** See parseRoomMetadata. */
  metadata: string;
  /** The agent's own identity. */
  identity: string;
}

/** What exists from the join to the end. */
interface Seat {
  room: Room;
  session: RoomSession;
  transcripts: Transcripts;
  chat: ChatSender;
}

const PUBLISH_TIMEOUT_MS = 10_000;
const RPC_TIMEOUT_MS = 10_000;

/**
 * A call's transport in a LiveKit room: the agent's voice, the voices of the people in it, and text by LiveKit's own
 * conventions, so that frontends which were not written for us show state, transcript and chat.
 */
export class LiveKitTransport implements Transport {
  readonly out: AudioOut;
  readonly text: TextChannel;
  readonly #options: LiveKitTransportOptions;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #voice: AgentVoice;
  readonly #sign: AgentSign;
  readonly #rpc: RpcMethods;
  readonly #opening = new AbortController();
  #opened: Promise<void> | null = null;
  #seat: Seat | null = null;
  #ending: Promise<void> | null = null;

  constructor(options: LiveKitTransportOptions) {
    this.#options = options;
    this.#log = options.log ?? silentLog;
    this.#clock = options.clock ?? systemClock;
    this.#voice = new AgentVoice(this.#clock, this.#log);
    this.#sign = new AgentSign(this.#clock, this.#log);
    this.#rpc = new RpcMethods(this.#log);
    this.out = this.#voice;
    this.text = {
      transcript: (update) => this.#seat?.transcripts.update(update),
      chat: (text) => this.#seat?.chat.send(text),
      state: (state) => this.#sign.state(state),
      recording: (now) => this.#sign.recording(now),
    };
  }

  /** Null until `open` has resolved. */
  get room(): JoinedRoom | null {
    const room = this.#seat?.room;
    if (!room) return null;
    return {
      name: room.name ?? "",
      metadata: room.metadata ?? "",
      identity: room.localParticipant?.identity ?? "",
    };
  }

  /**
   * Joins, publishes the agent's track and begins to report; `signal` ends the attempt. Throws ParleyError:
   * `livekit-unauthorised`, `livekit-unreachable`, `livekit-timeout`, `join-cancelled`, `publish-failed`.
   */
  async open(sink: TransportSink, signal: AbortSignal): Promise<void> {
    if (this.#opened) throw new Error("a LiveKitTransport is opened once");
    const attempt = linkedAbort(signal, this.#opening.signal);
    this.#opened = this.#open(guardSink(sink, this.#log), attempt.signal);
    try {
      await this.#opened;
    } catch (error) {
      await this.close("open-failed");
      throw error;
    } finally {
      attempt.release();
    }
  }

  /** Leaves the room and releases everything. Idempotent; reports nothing more. */
  close(reason: string): Promise<void> {
    this.#ending ??= (async () => {
      this.#opening.abort();
      await this.#opened?.catch(() => {});
      await this.#release(reason, false);
    })();
    return this.#ending;
  }

  /** Participants may call this by its name. A later registration replaces an earlier one. */
  registerRpc(method: string, run: RpcMethod): void {
    this.#rpc.register(method, run);
  }

  unregisterRpc(method: string): void {
    this.#rpc.unregister(method);
  }

  /** What this participant may do with the call, by the token that it joined with. Waits a little for one not seen yet. */
  async controlsOf(participantId: string): Promise<ReadonlySet<ControlMethod>> {
    return (await this.#seat?.session.grants.of(participantId)) ?? new Set();
  }

  /** Calls a method of a participant's client. Throws ParleyError `rpc-failed`. */
  async callRpc(participantId: string, method: string, payload: string, timeoutMs = RPC_TIMEOUT_MS): Promise<string> {
    const failed = (why: string, cause?: unknown) =>
      new ParleyError(`${method} at ${participantId} failed: ${why}`, {
        code: "rpc-failed",
        category: "refused",
        cause,
      });
    const participant = this.#seat?.room.localParticipant;
    if (!participant) throw failed("the agent is not in a room");
    try {
      const answer = participant.performRpc({
        destinationIdentity: participantId,
        method,
        payload,
        responseTimeout: timeoutMs,
      });
      // Absent participants are noticed after 7 s, whatever the time-out says.
      return await bounded(this.#clock, timeoutMs + 8000, `answer ${method}`, answer);
    } catch (error) {
      throw failed(error instanceof Error ? error.message : String(error), error);
    }
  }

  async #open(sink: TransportSink, signal: AbortSignal): Promise<void> {
    const { url, fallbackUrls, token, ice } = this.#options;
    const session = new RoomSession({
      sink,
      clock: this.#clock,
      log: this.#log,
      subscribeRetries: this.#options.subscribeRetries ?? 3,
      subscribeTimeoutMs: this.#options.subscribeTimeoutMs ?? 5000,
      hearingFrameMs: this.#options.hearingFrameMs ?? 32,
      outbound: () => this.#voice.outbound(),
      onReconnected: () => this.#sign.showAgain(),
      onEnded: (reason) => this.#ended(sink, reason),
    });
    const room = await connectRoom({
      url,
      fallbackUrls,
      token,
      connectTimeoutMs: this.#options.connectTimeoutMs ?? 30_000,
      gate: this.#options.joinGate ?? processJoinGate,
      signal,
      clock: this.#clock,
      log: this.#log,
      ice,
      autoSubscribe: false,
      prepare: (unjoined) => session.attach(unjoined),
    });
    const participant = room.localParticipant!;
    const { clock, log } = { clock: this.#clock, log: this.#log };
    const transcripts = new Transcripts({
      participant,
      trackIdOf: (id) =>
        id === null ? participant.trackPublications.values().next().value?.sid : session.trackIdOf(id),
      clock,
      log,
    });
    this.#seat = { room, session, transcripts, chat: new ChatSender(participant, clock, log) };
    // An attribute, set at once, is what makes those in the room see us without waiting for the server's 3 s tick.
    this.#sign.attach(participant);
    this.#rpc.attach(participant);
    session.begin(room);
    const publishing = this.#voice.publish(room, this.#options.bitrateBps ?? VOICE_BITRATE_BPS);
    try {
      await bounded(clock, PUBLISH_TIMEOUT_MS, "take the agent's audio track", publishing);
    } catch (cause) {
      throw new ParleyError(`The agent's audio track could not be published: ${(cause as Error).message}`, {
        code: "publish-failed",
        category: "network",
        retryable: true,
        cause,
      });
    }
  }

  /** The server ended it: release everything, then tell the call, once. */
  #ended(sink: TransportSink, reason: string): void {
    if (this.#ending) return;
    this.#ending = this.#release(reason, true);
    sink.closed(reason);
  }

  async #release(reason: string, serverEnded: boolean): Promise<void> {
    const seat = this.#seat;
    this.#seat = null;
    this.#sign.detach();
    if (seat) {
      seat.session.close();
      seat.transcripts.close();
      this.#log.debug({ room: seat.room.name, reason }, "leaving the room");
      await leaveRoom(seat.room, this.#clock, this.#log);
    }
    await this.#voice.close(serverEnded);
  }
}
