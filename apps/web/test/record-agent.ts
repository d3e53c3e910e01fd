import type { Page } from "playwright-core";

interface Heard {
  /** By the order in which tracks came; most of them stay silent. */
  tracks: Float32Array[][];
  sampleRateHz: number;
}

/** Runs in the page before its scripts: keeps every sample of sound that reaches the page over WebRTC. */
export function recordAgent(): void {
  const heard: Heard = { tracks: [], sampleRateHz: 0 };
  (window as { parleyHeard?: Heard }).parleyHeard = heard;
  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      this.addEventListener("track", ({ track }) => {
        if (track.kind !== "audio") return;
        const context = new AudioContext();
        heard.sampleRateHz = context.sampleRate;
        const chunks: Float32Array[] = [];
        heard.tracks.push(chunks);
        const source = context.createMediaStreamSource(new MediaStream([track]));
        const tap = context.createScriptProcessor(4096, 1, 1);
        tap.onaudioprocess = ({ inputBuffer }) => chunks.push(inputBuffer.getChannelData(0).slice());
        source.connect(tap);
        tap.connect(context.destination);
      });
    }
  };
}

/** What the page heard so far of the loudest track: mono, 16 bit. */
export async function recordedSound(page: Page): Promise<{ samples: Int16Array; sampleRateHz: number }> {
  const { base64, sampleRateHz } = await page.evaluate(() => {
    const heard = (window as { parleyHeard?: Heard }).parleyHeard;
    const energy = (chunks: Float32Array[]) =>
      chunks.reduce((sum, chunk) => sum + chunk.reduce((part, sample) => part + sample * sample, 0), 0);
    const chunks = (heard?.tracks ?? []).toSorted((a, b) => energy(b) - energy(a))[0] ?? [];
    const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0) * 2);
    const view = new DataView(bytes.buffer);
    let at = 0;
    for (const chunk of chunks)
      for (const sample of chunk) {
        view.setInt16(at, Math.round(Math.max(-1, Math.min(1, sample)) * 32_767), true);
        at += 2;
      }
    let text = "";
    for (let i = 0; i < bytes.length; i += 8_192) text += String.fromCharCode(...bytes.subarray(i, i + 8_192));
    return { base64: btoa(text), sampleRateHz: heard?.sampleRateHz ?? 0 };
  });
  const bytes = Buffer.from(base64, "base64");
  const samples = new Int16Array(bytes.length / 2);
  for (let i = 0; i < samples.length; i++) samples[i] = bytes.readInt16LE(i * 2);
  return { samples, sampleRateHz };
}
