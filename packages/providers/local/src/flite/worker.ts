import { parentPort } from "node:worker_threads";
import { FliteSynthesizer, type Sentence } from "./synthesizer.ts";

/** To the worker: one sentence. From it: its sound, or why there is none. */
export type WorkerRequest = { id: number; sentence: Sentence };
export type WorkerReply = { id: number; samples: Int16Array } | { id: number; failure: string };

const port = parentPort;
if (port === null) throw new Error("flite/worker runs as a worker thread only");
const flite = new FliteSynthesizer();

port.on("message", ({ id, sentence }: WorkerRequest) => {
  try {
    const samples = flite.speak(sentence);
    port.postMessage({ id, samples } satisfies WorkerReply, [samples.buffer as ArrayBuffer]);
  } catch (error) {
    port.postMessage({ id, failure: error instanceof Error ? error.message : String(error) } satisfies WorkerReply);
  }
  flite.prepare();
});
