export { concat } from "./concat.ts";
export { Framer } from "./framer.ts";
export { applyGain, peak, rms, SILENCE_DB, toDb } from "./levels.ts";
export { Resampler, resample } from "./resample/resampler.ts";
export { SampleRing } from "./ring.ts";
export { decodeWav, type Recording } from "./wav/decode.ts";
export { encodeWav } from "./wav/encode.ts";
export { AudioFormatError } from "./wav/error.ts";
