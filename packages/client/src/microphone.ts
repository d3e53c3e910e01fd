import type { AudioCaptureOptions, LocalAudioTrack } from "livekit-client";
import type { CallEnvironment } from "./environment.ts";
import { CallError } from "./error.ts";
import { explainMicrophoneError } from "./explain-error.ts";
import type { LevelMeter, LevelTap } from "./level-meter.ts";
import { listMicrophones } from "./microphone-devices.ts";
import type { MicrophoneState } from "./state.ts";

/** What is open at the moment: nothing, a preview that nobody hears, or the track of a call. */
type Opened =
  | { kind: "preview"; stream: MediaStream }
  | { kind: "call"; track: LocalAudioTrack; stopWatching: () => void };

/** The microphone of one call object, before, in and after calls. */
export class Microphone {
  #state: MicrophoneState = { use: "off", muted: false, devices: [], chosenId: null, error: null };
  #opened: Opened | null = null;
  #tap: LevelTap | null = null;
  /** Grows with every opening and closing: an opening that finds it changed was overtaken and closes again. */
  #turn = 0;
  readonly #environment: CallEnvironment;
  readonly #meter: () => LevelMeter;
  readonly #capture: AudioCaptureOptions;
  readonly #changed: (state: MicrophoneState) => void;

  constructor(options: {
    environment: CallEnvironment;
    meter: () => LevelMeter;
    capture: AudioCaptureOptions;
    changed: (state: MicrophoneState) => void;
  }) {
    this.#environment = options.environment;
    this.#meter = options.meter;
    this.#capture = options.capture;
    this.#changed = options.changed;
  }

  get state(): MicrophoneState {
    return this.#state;
  }

  /** 0 to 1 (see LevelTap); 0 while muted or off. */
  level(): number {
    return this.#state.muted && this.#opened?.kind === "call" ? 0 : (this.#tap?.level() ?? 0);
  }

  /** Keeps the list of devices true until the returned function is called. */
  watchDevices(): () => void {
    const { mediaDevices } = this.#environment;
    const refresh = () => void this.refreshDevices();
    mediaDevices?.addEventListener("devicechange", refresh);
    refresh();
    return () => mediaDevices?.removeEventListener("devicechange", refresh);
  }

  async refreshDevices(): Promise<void> {
    const devices = await listMicrophones(this.#environment.mediaDevices);
    if (devices) this.#set({ devices });
  }

  /** Opens it to show its level. Errors land in the state. */
  async check(): Promise<void> {
    if (this.#opened?.kind === "call") return;
    this.release();
    const turn = this.#turn;
    try {
      const stream = await this.#openPreview();
      if (turn !== this.#turn) return stopStream(stream);
      this.#opened = { kind: "preview", stream };
      const [track] = stream.getAudioTracks();
      if (track) this.#tap = this.#meter().tap(track);
      this.#set({ use: "checking", error: null });
      await this.refreshDevices();
    } catch (error) {
      if (turn === this.#turn) this.fail(error);
    }
  }

  /**
   * Opens it for a call; the caller publishes the track and calls release() at the end.
   * @throws CallError `no-microphone`, `microphone-denied`, `microphone-busy`, `insecure-context`
   */
  async openForCall(buffered: boolean, signal: AbortSignal): Promise<LocalAudioTrack> {
    this.release();
    const turn = this.#turn;
    try {
      this.#requireMediaDevices();
      const track = await this.#captureChosen(buffered);
      if (turn !== this.#turn || signal.aborted) {
        track.stop();
        throw new DOMException("The call ended while the microphone opened", "AbortError");
      }
      this.#take(track);
      if (this.#state.muted) await track.mute();
      void this.refreshDevices();
      return track;
    } catch (error) {
      if (signal.aborted) throw error;
      const explained = explainMicrophoneError(error);
      if (turn === this.#turn) this.fail(explained);
      throw explained;
    }
  }

  async setMuted(muted: boolean): Promise<void> {
    this.#set({ muted });
    if (this.#opened?.kind !== "call") return;
    const { track } = this.#opened;
    await (muted ? track.mute() : track.unmute()).catch((error: unknown) => this.fail(error));
  }

  /** Switches to a device, at once where one is open; null: the system's default. Goes back when it can't be opened. */
  async choose(deviceId: string | null): Promise<void> {
    const previousId = this.#state.chosenId;
    this.#set({ chosenId: deviceId });
    if (this.#opened?.kind === "preview") return await this.check();
    if (this.#opened?.kind !== "call") return;
    const { track } = this.#opened;
    try {
      await track.setDeviceId(constraintFor(deviceId) ?? "default");
      this.#set({ error: null });
    } catch (error) {
      this.#set({ chosenId: previousId });
      this.fail(error);
      await track.setDeviceId(constraintFor(previousId) ?? "default").catch((again: unknown) => this.fail(again));
    }
  }

  fail(error: unknown): void {
    this.#set({ error: explainMicrophoneError(error) });
  }

  /** Closes what is open. Idempotent. */
  release(): void {
    this.#turn += 1;
    this.#tap?.close();
    this.#tap = null;
    const opened = this.#opened;
    this.#opened = null;
    if (opened?.kind === "preview") stopStream(opened.stream);
    if (opened?.kind === "call") {
      opened.stopWatching();
      opened.track.stop();
    }
    if (opened) this.#set({ use: "off" });
  }

  #take(track: LocalAudioTrack): void {
    // Another device, or the same one plugged in again, is another MediaStreamTrack under the same LocalAudioTrack.
    const retap = () => {
      this.#tap?.close();
      this.#tap = this.#meter().tap(track.mediaStreamTrack);
    };
    track.on("restarted", retap);
    this.#opened = { kind: "call", track, stopWatching: () => track.off("restarted", retap) };
    retap();
    this.#set({ use: "live", error: null });
  }

  async #captureChosen(buffered: boolean): Promise<LocalAudioTrack> {
    const deviceId = constraintFor(this.#state.chosenId);
    if (!deviceId) return await this.#environment.captureMicrophone(this.#capture, buffered);
    try {
      return await this.#environment.captureMicrophone({ ...this.#capture, deviceId }, buffered);
    } catch (error) {
      if (explainMicrophoneError(error).code !== "no-microphone") throw error;
      // The chosen one was unplugged since.
      this.#set({ chosenId: null });
      return await this.#environment.captureMicrophone(this.#capture, buffered);
    }
  }

  async #openPreview(): Promise<MediaStream> {
    const deviceId = constraintFor(this.#state.chosenId);
    return await this.#requireMediaDevices().getUserMedia({ audio: deviceId ? { deviceId } : true });
  }

  #requireMediaDevices(): MediaDevices {
    const { mediaDevices } = this.#environment;
    if (!mediaDevices) throw new CallError("insecure-context");
    return mediaDevices;
  }

  #set(patch: Partial<MicrophoneState>): void {
    this.#state = { ...this.#state, ...patch };
    this.#changed(this.#state);
  }
}

function constraintFor(deviceId: string | null): { exact: string } | null {
  return deviceId === null ? null : { exact: deviceId };
}

function stopStream(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
