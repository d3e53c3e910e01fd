/** Both channels, each way: what the recogniser hears too, and what a telephone carries at best. */
export const RATE_HZ = 16_000;
export const FRAME_MS = 20;
/** Of one channel. */
export const FRAME_SAMPLES = (RATE_HZ * FRAME_MS) / 1000;
/** Left everybody who calls, right the agent. */
export const CHANNELS = 2;
/** Ogg counts Opus at 48 kHz, whatever went in (RFC 7845, section 4). */
export const GRANULES_PER_MS = 48;
export const FRAME_GRANULES = FRAME_MS * GRANULES_PER_MS;
/** How much later the encoder's sound comes out than it went in: 6.5 ms, which players leave out (RFC 7845, section 4.2). */
export const PRE_SKIP = 312;
/** 20 ms of stereo silence: a CELT frame whose first bit says so (RFC 6716, section 4.3). */
export const SILENCE = Uint8Array.of(0xfc, 0xff, 0xfe);
/** A page's time: what a killed process loses at most of what was encoded. */
export const PAGE_PACKETS = 25;
/** Nothing that is recorded is longer. */
export const MOST_MS = 24 * 3600 * 1000;
