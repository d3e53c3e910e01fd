/** As much of it as is used. */
declare module "mpg123-decoder" {
  export class MPEGDecoder {
    readonly ready: Promise<void>;
    decode(bytes: Uint8Array): { channelData: Float32Array[]; samplesDecoded: number; sampleRate: number };
    free(): void;
  }
}
