import {
  AudioStream,
  LocalAudioTrack,
  type RemoteTrack,
  Room,
  RoomEvent,
  TrackKind,
  TrackPublishOptions,
  TrackSource,
} from "@livekit/rtc-node";
import { tone } from "@parley/testkit";
import { AccessToken, RoomAgentDispatch, RoomConfiguration } from "livekit-server-sdk";
import { CLIP_RATE_HZ, type Clip, type Clips } from "../clips.ts";
import { TONE_HZ } from "../mock-ai/tones.ts";
import type { OverSound } from "../over.ts";
import { now, sleep, until } from "../time.ts";
import { Bystander } from "./bystander.ts";
import { callAgent, type Dispatch, launch } from "./dispatch.ts";
import { answered, Ear } from "./ear.ts";
import { type Barge, type CallerPlan, type CallRecord, FALSE_STOP_MS, type Over, type Turn } from "./plan.ts";
import { Voice } from "./voice.ts";

/** From here on Opus codes silence for half the CPU (`bench/src/silence`): callers share the machine with what they measure. */
const BITRATE_BPS = 80_000n;
const JOIN_TIMEOUT_MS = 30_000;
const REPLY_TIMEOUT_MS = 10_000;
const QUIET_TIMEOUT_MS = 30_000;
/** After an answer to less than was asked, or before it was asked: the right one may follow. */
const SECOND_TRY_MS = 3000;
/** Some runtimes ignore interruptions in the first 3 s of an answer. */
const BARGE_AFTER_MS = 3500;
const QUIETER_DB = 12;
/** After a sound it is watched for so long whether the agent goes on. */
const OVER_WATCH_MS = 2500;
/** As many as a long answer has room for. */
const OVERS_AN_ANSWER = 3;
const FRAME_MS = 20;
/** So many come at once: each time costs the way through the native library, at all targets' expense. */
const FRAMES_AT_ONCE = 3;
/** An echo is timed more finely. */
const ECHO_FRAME_MS = 10;
const BEEP_MS = 200;
/** An echo that takes longer is not waited for. */
const BEEP_EVERY_MS = 1500;
/** In turn, so that a late echo is not taken for the next one's. */
const BEEPS = (["whole", "cut", "unknown"] as const).map((kind) => {
  const samples = tone(BEEP_MS, CLIP_RATE_HZ, TONE_HZ[kind], -10);
  return { kind, sound: { samples, firstMs: 0, lastMs: BEEP_MS } };
});

const between = (fromMs: number, toMs: number) => sleep(fromMs + Math.random() * (toMs - fromMs));

/** One person in one room with one agent. */
export class Caller {
  readonly ear: Ear;
  readonly voice = new Voice();
  readonly record: CallRecord;
  readonly errors: string[] = [];
  readonly roomName: string;
  live = false;
  readonly #plan: CallerPlan;
  readonly #clips: Clips;
  readonly #room = new Room();
  #closing = false;

  constructor(index: number, plan: CallerPlan, clips: Clips, runId: string) {
    this.#plan = plan;
    this.ear = new Ear(now, plan.mode === "echo" ? ECHO_FRAME_MS : FRAME_MS);
    this.#clips = clips;
    this.roomName = `bench-${runId}-${index}`;
    this.record = { index, startedAt: 0, turns: [], barges: [], overs: [], echoes: [] };
  }

  /** Joins with an agent on its way, publishes, waits for the agent's track. */
  async join(): Promise<void> {
    await this.enter(this.#plan.dispatch);
    if (!(await until(() => this.served, now() + JOIN_TIMEOUT_MS))) throw new Error("no agent audio track");
  }

  /** A room of its own, entered and left: a person's browser is warm, too, when they call. */
  async warmUp(): Promise<void> {
    await this.enter(null);
    await this.leave();
  }

  /** Joins and publishes; without a dispatch no agent comes. */
  async enter(dispatch: Dispatch | null): Promise<void> {
    const token = await this.#token(dispatch);
    this.#room.on(RoomEvent.TrackSubscribed, (track) => {
      if (track.kind !== TrackKind.KIND_AUDIO || this.record.joinMs !== undefined) return;
      this.record.joinMs = now() - this.record.startedAt;
      this.#listen(track).catch((error) => this.errors.push(`listen: ${error}`));
    });
    this.#room.on(RoomEvent.ParticipantDisconnected, ({ identity }) => {
      if (!this.#closing) this.errors.push(`agent left: ${identity}`);
    });
    this.record.startedAt = now();
    if (dispatch?.kind === "http") {
      launch(dispatch.url, this.roomName).catch((error) => this.errors.push(`dispatch: ${error}`));
    }
    await this.#room.connect(this.#plan.url, token, { autoSubscribe: true, dynacast: false });
    this.record.connectMs = now() - this.record.startedAt;
    const options = new TrackPublishOptions({
      source: TrackSource.SOURCE_MICROPHONE,
      audioEncoding: { maxBitrate: BITRATE_BPS },
    });
    const track = LocalAudioTrack.createAudioTrack("mic", this.voice.source);
    await this.#room.localParticipant?.publishTrack(track, options);
    this.live = true;
  }

  /** Calls an agent into the room it waits in. */
  async callAgent(dispatch: Dispatch): Promise<void> {
    const { url, apiKey, apiSecret } = this.#plan;
    await callAgent(dispatch, { url, apiKey, apiSecret, room: this.roomName }, () => this.served);
  }

  /** It has the agent's track. */
  get served(): boolean {
    return this.record.joinMs !== undefined;
  }

  /** False: no greeting within that time. */
  async greeted(timeoutMs: number): Promise<boolean> {
    const heard = await until(() => this.ear.firstVoicedAt !== undefined, now() + timeoutMs);
    if (this.ear.firstVoicedAt !== undefined) this.record.greetMs = this.ear.firstVoicedAt - this.record.startedAt;
    return heard;
  }

  async askUntil(deadline: number | null): Promise<void> {
    const { turns } = this.#plan;
    while ((turns === null || this.record.turns.length < turns) && (deadline === null || now() < deadline)) {
      if (!(await this.#silence())) this.errors.push("the agent is never quiet");
      await between(300, 1200);
      if (deadline !== null && now() > deadline) break;
      const { short } = this.#clips;
      const turn = await this.#ask(short[(this.record.index + this.record.turns.length) % short.length]!);
      await this.#silence();
      const judged = this.#judged(turn);
      this.record.turns.push(judged);
      const { heardAt, endedAt } = judged;
      if (heardAt === undefined || (heardAt >= endedAt && judged.answered === "whole")) continue;
      await until(() => this.ear.onsetAt > Math.max(heardAt, endedAt), now() + SECOND_TRY_MS);
    }
  }

  async interrupt(): Promise<void> {
    for (let k = 0; k < (this.#plan.turns ?? 1); k++) {
      await this.#silence();
      await between(300, 800);
      const turn = await this.#ask(this.#clips.long);
      this.record.barges.push(
        turn.heardAt === undefined ? { failed: "no answer to interrupt" } : await this.#barge(turn),
      );
      await this.#silence();
    }
  }

  /** One sound after the other that is meant to stop no answer. What stops one leaves nothing to speak over. */
  async murmur(): Promise<void> {
    const left = this.#clips.over.slice(0, this.#plan.turns ?? undefined);
    while (left.length > 0) {
      await this.#silence();
      await between(300, 800);
      const turn = await this.#ask(this.#clips.long);
      await between(BARGE_AFTER_MS, BARGE_AFTER_MS + 500);
      for (let n = 0; n < OVERS_AN_ANSWER && left.length > 0; n++) {
        const over = await this.#over(turn, left.shift()!);
        this.record.overs.push(over);
        if (over.failed !== undefined || (over.quietMs ?? 0) > FALSE_STOP_MS) break;
      }
    }
  }

  /** Tones, to an agent that gives every sound back from the first turn on; somebody else hears them straight. */
  async beep(): Promise<void> {
    const bystander = new Bystander(this.ear.frameMs);
    try {
      await bystander.listen(this.#plan, this.roomName, this.#identity);
      await this.#ask(this.#clips.short[0]!);
      await this.#silence();
      for (let k = 0; k < (this.#plan.turns ?? 1); k++) {
        const { kind, sound } = BEEPS[k % BEEPS.length]!;
        const utterance = this.voice.speak(sound);
        const startedAt = await utterance.started;
        await sleep(startedAt + BEEP_EVERY_MS - now());
        const backAt = this.ear.toneAt(startedAt, kind);
        const straightAt = bystander.ear.toneAt(startedAt, kind);
        if (backAt === undefined || straightAt === undefined) this.errors.push(`tone ${k} was not heard again`);
        else this.record.echoes.push({ backMs: backAt - startedAt, straightMs: straightAt - startedAt });
        await between(0, 20);
      }
    } finally {
      await bystander.leave();
    }
  }

  /** Idempotent. */
  async leave(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    this.live = false;
    await this.#room.disconnect().catch(() => {});
    await this.voice.source.close().catch(() => {});
  }

  async #ask(clip: Clip): Promise<Turn> {
    const utterance = this.voice.speak(clip);
    const [startedAt, endedAt] = [await utterance.started, await utterance.finished];
    const answer = () => this.ear.stretchAfter(startedAt);
    await until(() => answer() !== undefined, endedAt + REPLY_TIMEOUT_MS);
    const heardAt = answer()?.onsetAt;
    const turn = { clip: clip.name, startedAt, endedAt, gapMs: 0, longestGapMs: 0 };
    return heardAt === undefined ? turn : { ...turn, heardAt };
  }

  /** By what has been heard of its answer. */
  #judged(turn: Turn): Turn {
    const answer = turn.heardAt === undefined ? undefined : this.ear.stretchAfter(turn.startedAt);
    if (answer === undefined) return turn;
    return { ...turn, answered: answered(answer), gapMs: answer.gapMs, longestGapMs: answer.longestGapMs };
  }

  async #barge(turn: Turn): Promise<Barge> {
    await between(BARGE_AFTER_MS, BARGE_AFTER_MS + 500);
    if (this.ear.quiet()) return { failed: "the agent had stopped before" };
    if (this.#judged(turn).answered !== "whole") return { failed: "the answer was to less than the question" };
    const utterance = this.voice.speak(this.#clips.barge);
    const startedAt = await utterance.started;
    const fellSilent = () => this.ear.lastVoicedAt > startedAt - 200 && now() - this.ear.lastVoicedAt > 400;
    const silent = await until(fellSilent, startedAt + 8000);
    const quieterAt = this.ear.quieterAt(startedAt, QUIETER_DB);
    const silentAt = this.ear.lastVoicedAt;
    const endedAt = await utterance.finished;
    const answering = () => this.ear.onsetAt > startedAt + 300 && this.ear.onsetAt > endedAt - 500;
    const answered = await until(answering, endedAt + REPLY_TIMEOUT_MS);
    return {
      ...(quieterAt === undefined ? {} : { quieterMs: quieterAt - startedAt }),
      ...(silent ? { silentMs: silentAt - startedAt } : { failed: "the agent went on" }),
      ...(answered ? { replyMs: this.ear.onsetAt - endedAt } : {}),
    };
  }

  async #over(turn: Turn, sound: OverSound): Promise<Over> {
    const { name } = sound;
    if (this.ear.quiet()) return { name, failed: "the agent had stopped before" };
    if (this.#judged(turn).answered !== "whole") return { name, failed: "the answer was to less than the question" };
    const utterance = this.voice.speak(sound);
    const startedAt = await utterance.started;
    const endedAt = await utterance.finished;
    await sleep(endedAt + OVER_WATCH_MS - now());
    const quietMs = this.ear.quietFor(startedAt, QUIETER_DB);
    return quietMs === undefined ? { name, failed: "the agent was not heard before" } : { name, quietMs };
  }

  get #identity(): string {
    return `caller-${this.record.index}`;
  }

  #silence(): Promise<boolean> {
    return until(() => this.ear.quiet(), now() + QUIET_TIMEOUT_MS);
  }

  async #listen(track: RemoteTrack): Promise<void> {
    const atOnce = this.#plan.mode === "echo" ? 1 : FRAMES_AT_ONCE;
    const options = { sampleRate: 16_000, numChannels: 1, frameSizeMs: this.ear.frameMs * atOnce };
    for await (const frame of new AudioStream(track, options)) this.ear.hear(frame.data);
  }

  async #token(dispatch: Dispatch | null): Promise<string> {
    const { apiKey, apiSecret } = this.#plan;
    const token = new AccessToken(apiKey, apiSecret, { identity: this.#identity, ttl: "1h" });
    token.addGrant({ roomJoin: true, room: this.roomName, canPublish: true, canSubscribe: true });
    if (dispatch?.kind === "agent") {
      token.roomConfig = new RoomConfiguration({ agents: [new RoomAgentDispatch({ agentName: dispatch.agentName })] });
    }
    return await token.toJwt();
  }
}
