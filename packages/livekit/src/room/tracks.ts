import { type RemoteTrackPublication, TrackKind, TrackSource } from "@livekit/rtc-node";

const sources: Partial<Record<TrackSource, string>> = {
  [TrackSource.SOURCE_CAMERA]: "camera",
  [TrackSource.SOURCE_MICROPHONE]: "microphone",
  [TrackSource.SOURCE_SCREENSHARE]: "screen-share",
  [TrackSource.SOURCE_SCREENSHARE_AUDIO]: "screen-share-audio",
};

export function sourceOf(publication: RemoteTrackPublication): string {
  return sources[publication.source ?? TrackSource.SOURCE_UNKNOWN] ?? "unknown";
}

/** A voice: not a video, nor the sound of a shared screen. */
export function isVoice(publication: RemoteTrackPublication): boolean {
  const source = publication.source ?? TrackSource.SOURCE_UNKNOWN;
  const spoken = source === TrackSource.SOURCE_MICROPHONE || source === TrackSource.SOURCE_UNKNOWN;
  return publication.kind === TrackKind.KIND_AUDIO && spoken;
}
