import { EventEmitter } from "node:events";
import type { LocalAudioTrack } from "livekit-client";
import type { CallEnvironment } from "../src/environment.ts";
import { FakeRoom } from "./fake-room.ts";

/** Stands in for a LocalAudioTrack. */
export class FakeMicrophoneTrack extends EventEmitter {
  mediaStreamTrack = { id: "media-1" };
  stopped = false;
  isMuted = false;
  readonly devices: unknown[] = [];
  deviceFails = false;
  stop(): void {
    this.stopped = true;
  }
  async mute(): Promise<void> {
    this.isMuted = true;
  }
  async unmute(): Promise<void> {
    this.isMuted = false;
  }
  async setDeviceId(device: unknown): Promise<boolean> {
    this.devices.push(device);
    if (this.deviceFails && this.devices.length === 1) throw new DOMException("gone", "NotReadableError");
    return true;
  }
}

/** A browser with one microphone and a token endpoint that always admits; a test changes what it needs to. */
export class FakeBrowser {
  readonly rooms: FakeRoom[] = [];
  readonly tracks: FakeMicrophoneTrack[] = [];
  readonly captures: { deviceId: unknown; buffered: boolean }[] = [];
  readonly requests: { url: string; body: Record<string, unknown> }[] = [];
  readonly deviceEvents = new EventEmitter();
  devices = [
    { kind: "audioinput", deviceId: "default", label: "Default" },
    { kind: "audioinput", deviceId: "mic-a", label: "Built-in" },
    { kind: "audioinput", deviceId: "mic-b", label: "Headset" },
    { kind: "audiooutput", deviceId: "out", label: "Speaker" },
  ];
  /** Taps and meters that are open. */
  taps = 0;
  meters = 0;
  playing = 0;
  previewsOpen = 0;
  nowMs = 1_000_000;
  capture: () => Promise<void> = async () => {};
  respond: () => Promise<Response> = async () =>
    Response.json({ server_url: "ws://live", participant_token: "jwt" }, { status: 201 });
  prepareRoom: (room: FakeRoom) => void = () => {};
  secure = true;

  get room(): FakeRoom {
    return this.rooms.at(-1)!;
  }
  get track(): FakeMicrophoneTrack {
    return this.tracks.at(-1)!;
  }

  readonly mediaDevices = {
    enumerateDevices: async () => this.devices,
    addEventListener: (type: string, listener: () => void) => this.deviceEvents.on(type, listener),
    removeEventListener: (type: string, listener: () => void) => this.deviceEvents.off(type, listener),
    getUserMedia: async () => {
      await this.capture();
      this.previewsOpen += 1;
      const track = { stop: () => (this.previewsOpen -= 1) };
      return { getTracks: () => [track], getAudioTracks: () => [track] };
    },
  };

  environment(): CallEnvironment {
    const browser = this;
    return {
      fetch: async (url, init) => {
        browser.requests.push({ url: String(url), body: JSON.parse(String(init?.body)) });
        return await browser.respond();
      },
      get mediaDevices() {
        return browser.secure ? (browser.mediaDevices as unknown as MediaDevices) : undefined;
      },
      async openRoom() {
        const room = new FakeRoom();
        browser.prepareRoom(room);
        browser.rooms.push(room);
        return room.asRoom();
      },
      async captureMicrophone(options, buffered) {
        browser.captures.push({ deviceId: options.deviceId, buffered });
        await browser.capture();
        const track = new FakeMicrophoneTrack();
        browser.tracks.push(track);
        return track as unknown as LocalAudioTrack;
      },
      openMeter() {
        browser.meters += 1;
        return {
          tap() {
            browser.taps += 1;
            const close = () => {
              browser.taps -= 1;
            };
            return { level: () => 0.5, close };
          },
          resume() {},
          close() {
            browser.meters -= 1;
          },
        };
      },
      play() {
        browser.playing += 1;
        return () => {
          browser.playing -= 1;
        };
      },
      nowMs: () => browser.nowMs,
    };
  }
}
