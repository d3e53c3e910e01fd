import {
  ParticipantKind,
  type RemoteParticipant,
  type RemoteTrackPublication,
  type Room,
  RoomEvent,
  type TextStreamReader,
  TrackKind,
} from "@livekit/rtc-node";
import { type Clock, ParleyError, systemClock } from "@parley/engine";
import { type Log, silentLog } from "../log.ts";
import { AGENT_STATE_ATTRIBUTE, RECORDING_ATTRIBUTE } from "../room/agent-sign.ts";
import { AgentVoice, VOICE_BITRATE_BPS } from "../room/agent-voice.ts";
import { bounded } from "../room/bounded.ts";
import { CHAT_TOPIC } from "../room/chat.ts";
import { connectRoom, leaveRoom } from "../room/connect-room.ts";
import { Ears } from "../room/ears.ts";
import { JoinGate } from "../room/join-gate.ts";
import { reasonOf } from "../room/reasons.ts";
import { Subscriptions } from "../room/subscriptions.ts";
import { SEGMENT_ID, TRANSCRIPTION_FINAL, TRANSCRIPTION_TOPIC } from "../room/transcripts.ts";
import { HEARD_FRAME_MS, Hearing } from "./hearing.ts";
import { Mouth, type Spoken } from "./mouth.ts";

export interface SimulatedCallerOptions {
  url: string;
  token: string;
  /** Publish a microphone. Default true. */
  microphone?: boolean;
  /** How much of what was heard is kept; 0 keeps levels only. Default 10 minutes. */
  keepMs?: number;
  /** Default: one join at a time among callers that share it; each its own otherwise. */
  joinGate?: JoinGate;
  connectTimeoutMs?: number;
  signal?: AbortSignal;
  log?: Log;
  clock?: Clock;
}

export interface HeardTranscript {
  /** Whose words, by identity. */
  participantId: string;
  segmentId: string;
  text: string;
  final: boolean;
  /** Of the last change, by the clock. */
  at: number;
}

/** A person in a room, for tests and load: speaks clips, hears the agent, reads what frontends read. */
export class SimulatedCaller {
  readonly hearing: Hearing;
  /** By segment, in the order of their beginning. */
  readonly transcripts = new Map<string, HeardTranscript>();
  readonly chat: { participantId: string; text: string }[] = [];
  /** Every state that an agent showed, in order. */
  readonly agentStates: { state: string; at: number }[] = [];
  /** Every change of what an agent showed of being recorded, in order; empty: nothing any more. */
  readonly recordings: string[] = [];
  /** Why the room was lost; null while it is not. */
  lost: string | null = null;
  readonly #room: Room;
  readonly #voice: AgentVoice;
  readonly #mouth: Mouth;
  readonly #ears: Ears;
  readonly #subscriptions: Subscriptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #watchers = new Set<() => void>();
  #left: Promise<void> | null = null;

  private constructor(room: Room, options: SimulatedCallerOptions, voice: AgentVoice) {
    this.#room = room;
    this.#voice = voice;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silentLog;
    this.#mouth = new Mouth(voice, this.#clock);
    this.hearing = new Hearing(options.keepMs ?? 600_000);
    this.#ears = new Ears({
      frameMs: HEARD_FRAME_MS,
      onAudio: (_, samples) => {
        this.hearing.hear(samples, this.#clock.now());
        this.#look();
      },
      log: this.#log,
    });
    this.#subscriptions = new Subscriptions({
      retries: 3,
      timeoutMs: 5000,
      retryDelayMs: 250,
      clock: this.#clock,
      log: this.#log,
      onFailed: () => {},
    });
  }

  /** Throws ParleyError as LiveKitTransport.open does. */
  static async join(options: SimulatedCallerOptions): Promise<SimulatedCaller> {
    const clock = options.clock ?? systemClock;
    const log = options.log ?? silentLog;
    const voice = new AgentVoice(clock, log, "microphone");
    let caller: SimulatedCaller | undefined;
    try {
      const room = await connectRoom({
        url: options.url,
        token: options.token,
        connectTimeoutMs: options.connectTimeoutMs ?? 30_000,
        gate: options.joinGate ?? new JoinGate(1),
        signal: options.signal ?? new AbortController().signal,
        clock,
        log,
        autoSubscribe: true,
        prepare: (unjoined) => {
          caller = new SimulatedCaller(unjoined, options, voice);
          caller.#attach(unjoined);
        },
      });
      for (const { attributes } of room.remoteParticipants.values()) caller!.#sawAttributes(attributes);
      if (options.microphone ?? true)
        await bounded(clock, 10_000, "take the microphone", voice.publish(room, VOICE_BITRATE_BPS));
      return caller!;
    } catch (error) {
      if (caller) await leaveRoom(caller.#room, clock, log);
      await voice.close();
      throw error;
    }
  }

  get identity(): string {
    return this.#room.localParticipant?.identity ?? "";
  }

  get agentState(): string | null {
    return this.agentStates.at(-1)?.state ?? null;
  }

  /** The identities of the agents in the room. */
  get agents(): string[] {
    return [...this.#room.remoteParticipants.values()]
      .filter(({ kind }) => kind === ParticipantKind.AGENT)
      .map(({ identity }) => identity);
  }

  /** rtc-node's own room, for what is not offered here. */
  get room(): Room {
    return this.#room;
  }

  /** Says a clip in real time, after those said before. */
  speak(samples: Int16Array, rateHz: number): Promise<Spoken> {
    return this.#mouth.speak(samples, rateHz);
  }

  /** Falls silent in the middle of a clip. */
  hush(): void {
    this.#mouth.stop();
  }

  async sendChat(text: string): Promise<void> {
    await this.#room.localParticipant!.sendText(text, { topic: CHAT_TOPIC });
  }

  /** Resolves when `condition` holds; looked at whenever something was heard, read or shown. Throws `caller-waited`. */
  until(condition: () => boolean, timeoutMs: number, what = "what the caller waits for"): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!condition()) return;
        done();
        resolve();
      };
      const done = () => {
        cancel();
        this.#watchers.delete(look);
      };
      const cancel = this.#clock.after(timeoutMs, () => {
        done();
        const message = `${what} did not happen within ${timeoutMs} ms`;
        reject(new ParleyError(message, { code: "caller-waited", category: "timeout" }));
      });
      this.#watchers.add(look);
      look();
    });
  }

  /** When the agent's sound first came after `after` (performance.now()). */
  async onset(after: number, timeoutMs = 15_000): Promise<number> {
    let at = 0;
    const began = () => {
      const { levels, lastLoudAt, onsetAt } = this.hearing;
      if (lastLoudAt <= after) return false;
      // Sound that went on before `after` counts from there; else its own beginning.
      at = onsetAt > after ? onsetAt : (levels.findLast((frame) => frame.at <= after)?.at ?? onsetAt);
      return true;
    };
    await this.until(began, timeoutMs, "the agent's voice");
    return at;
  }

  /** Resolves with the time of the last sound once there was none for `forMs`. */
  async quiet(forMs = 600, timeoutMs = 30_000): Promise<number> {
    const still = () => {
      const { levels, lastLoudAt } = this.hearing;
      return lastLoudAt > 0 && (levels.at(-1)?.at ?? 0) - lastLoudAt >= forMs;
    };
    await this.until(still, timeoutMs, "silence");
    return this.hearing.lastLoudAt;
  }

  /**
   * Breaks off what is being said (clips that still wait are not said), says goodbye, unless the room was lost already,
   * and frees what this process holds of the room. When the server does not answer it is given up after 5 s: whether the
   * goodbye arrived is not known. Idempotent. For a caller who vanishes without one, see CallerProcess.
   */
  leave(): Promise<void> {
    this.#left ??= (async () => {
      this.#mouth.close();
      this.#subscriptions.close();
      const serverEnded = this.lost !== null;
      this.#ears.closeAll();
      await leaveRoom(this.#room, this.#clock, this.#log);
      await this.#voice.close(serverEnded);
    })();
    return this.#left;
  }

  #attach(room: Room): void {
    room
      .on(RoomEvent.TrackPublished, (publication, participant) => this.#expect(publication, participant))
      .on(RoomEvent.TrackUnpublished, ({ sid = "" }) => this.#subscriptions.settle(sid))
      .on(RoomEvent.TrackSubscribed, (track, { sid = "" }, { kind, identity }) => {
        this.#subscriptions.settle(sid);
        if (track.kind !== TrackKind.KIND_AUDIO || kind !== ParticipantKind.AGENT) return;
        this.#ears.open(identity, sid, track, null);
      })
      .on(RoomEvent.TrackUnsubscribed, (_, { sid = "" }) => this.#ears.close(sid))
      .on(RoomEvent.ParticipantConnected, ({ attributes }) => this.#sawAttributes(attributes))
      .on(RoomEvent.ParticipantDisconnected, () => this.#look())
      .on(RoomEvent.ParticipantAttributesChanged, (changed) => this.#sawAttributes(changed))
      .on(RoomEvent.Disconnected, (reason) => {
        this.lost = reasonOf(reason);
        this.#look();
      });
    room.registerTextStreamHandler(TRANSCRIPTION_TOPIC, (reader, { identity }) => void this.#read(reader, identity));
    room.registerTextStreamHandler(CHAT_TOPIC, async (reader, { identity }) => {
      const text = await reader.readAll().catch(() => null);
      if (text !== null) this.chat.push({ participantId: identity, text });
      this.#look();
    });
  }

  /**
   * The server subscribes a caller to every voice. When the connection is made anew, the native library sometimes loses the
   * track that comes with it (one time in fifty where the new one breaks, too), and says nothing.
   */
  #expect(publication: RemoteTrackPublication, { kind, identity }: RemoteParticipant): void {
    const { sid = "", subscribed } = publication;
    if (publication.kind !== TrackKind.KIND_AUDIO || kind !== ParticipantKind.AGENT || subscribed) return;
    this.#subscriptions.expect(identity, sid, publication);
  }

  async #read(reader: TextStreamReader, participantId: string): Promise<void> {
    const { attributes = {}, streamId } = reader.info;
    const segmentId = attributes[SEGMENT_ID] ?? streamId;
    const final = attributes[TRANSCRIPTION_FINAL] === "true";
    let text = "";
    try {
      for await (const chunk of reader) {
        text += chunk;
        this.transcripts.set(segmentId, { participantId, segmentId, text, final, at: this.#clock.now() });
        this.#look();
      }
    } catch {
      // The room ended in the middle of it.
    }
  }

  #sawAttributes(attributes: Readonly<Record<string, string>>): void {
    const state = attributes[AGENT_STATE_ATTRIBUTE];
    if (state !== undefined && state !== this.agentState) this.agentStates.push({ state, at: this.#clock.now() });
    const recording = attributes[RECORDING_ATTRIBUTE];
    if (recording !== undefined && recording !== (this.recordings.at(-1) ?? "")) this.recordings.push(recording);
    this.#look();
  }

  #look(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}
