import type { AudioCaptureOptions, LocalAudioTrack, RemoteTrack, Room } from "livekit-client";
import { CallError } from "./error.ts";
import { type LevelMeter, openLevelMeter } from "./level-meter.ts";

/** The part of livekit-client's Room that a call uses. */
export type CallRoom = Pick<
  Room,
  | "on"
  | "off"
  | "connect"
  | "disconnect"
  | "startAudio"
  | "canPlaybackAudio"
  | "registerTextStreamHandler"
  | "unregisterTextStreamHandler"
  | "remoteParticipants"
  | "localParticipant"
  | "name"
  | "isRecording"
>;

/** All that a call takes from the browser, so that a test can stand in for it. */
export interface CallEnvironment {
  fetch: typeof fetch;
  /** Undefined on pages that may not have a microphone (http:// other than localhost). */
  mediaDevices: MediaDevices | undefined;
  openRoom(): Promise<CallRoom>;
  /** Opens the microphone for a call; `buffered`: what is said before the call stands is kept and sent to the agent. */
  captureMicrophone(options: AudioCaptureOptions, buffered: boolean): Promise<LocalAudioTrack>;
  openMeter(): LevelMeter;
  /** Makes a track heard; what it returns ends that. */
  play(track: RemoteTrack): () => void;
  nowMs(): number;
}

/** livekit-client is most of the weight, so it is loaded when the first call begins (or by `preload`). */
async function loadLiveKit() {
  try {
    return await import("livekit-client");
  } catch (cause) {
    throw new CallError("server-away", { cause });
  }
}

/** Fetches the code that a call needs ahead of the first `join()`, so that it begins sooner. Never rejects. */
export async function preload(): Promise<void> {
  await loadLiveKit().catch(() => undefined);
}

export function browserEnvironment(): CallEnvironment {
  return {
    fetch: (input, init) => fetch(input, init),
    get mediaDevices() {
      return globalThis.navigator?.mediaDevices;
    },
    async openRoom() {
      const { Room } = await loadLiveKit();
      return new Room({ stopLocalTrackOnUnpublish: true });
    },
    async captureMicrophone(options, buffered) {
      const { createLocalAudioTrack } = await loadLiveKit();
      const track = await createLocalAudioTrack(options);
      // Marked internal there, but the public way (setMicrophoneEnabled) would keep the microphone open for 15 s
      // after a refused token. The version is pinned for it.
      if (buffered) track.startPreConnectBuffer();
      return track;
    },
    openMeter: openLevelMeter,
    play(track) {
      const element = track.attach();
      element.hidden = true;
      element.dataset.parley = "agent-audio";
      document.body.append(element);
      return () => {
        track.detach();
        element.remove();
      };
    },
    nowMs: () => Date.now(),
  };
}
