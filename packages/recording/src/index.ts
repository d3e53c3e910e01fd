export { decodeRecording } from "./decode.ts";
export { SegmentEncoder } from "./encoder.ts";
export { CHANNELS, FRAME_MS, FRAME_SAMPLES, RATE_HZ } from "./format.ts";
export type { SegmentInfo } from "./head.ts";
export { type JoinedRecording, joinSegments } from "./join.ts";
export { positionMs, RecordingFormatError, readSegment, type Segment } from "./segment.ts";
export { Timeline } from "./timeline/timeline.ts";
