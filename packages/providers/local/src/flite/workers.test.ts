import { ParleyError } from "@parley/engine";
import { afterEach, expect, test } from "vitest";
import type { Sentence } from "./synthesizer.ts";
import { FliteWorkers, type FliteWorkersOptions } from "./workers.ts";

/** Answers with one sample per letter; `hang`, `throw`, `exit` and `refuse` do what they say. */
const fakeFlite = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from "node:worker_threads";
    let spoken = 0;
    parentPort.on("message", ({ id, sentence }) => {
      if (sentence.text === "hang") return;
      if (sentence.text === "throw") throw new Error("out of voice");
      if (sentence.text === "exit") process.exit(3);
      if (sentence.text === "refuse") return parentPort.postMessage({ id, failure: "cannot say that" });
      spoken += 1;
      parentPort.postMessage({ id, samples: new Int16Array(sentence.text.length).fill(spoken) });
    });
  `)}`,
);

const never = new AbortController().signal;
const sentence = (text: string): Sentence => ({ text, voice: "slt", durationStretch: 1, trimLead: false });
const opened: FliteWorkers[] = [];

function open(options: FliteWorkersOptions = {}): FliteWorkers {
  const workers = new FliteWorkers({ workerUrl: fakeFlite, ...options });
  opened.push(workers);
  return workers;
}

async function failure(promise: Promise<unknown>): Promise<ParleyError> {
  const error = await promise.then(
    () => expect.fail("it should have been rejected"),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ParleyError);
  return error as ParleyError;
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((workers) => workers.close()));
});

test("sentences are spoken in the order asked", async () => {
  const workers = open();
  const spoken = await Promise.all(["a", "bb", "ccc"].map((text) => workers.speak(sentence(text), never)));
  expect(spoken.map((samples) => [...samples])).toEqual([[1], [2, 2], [3, 3, 3]]);
});

test.each(["throw", "exit"])(
  "a thread that dies (%s) fails its own sentence; the next gets a new thread",
  async (text) => {
    const workers = open();
    const [lost, next] = [workers.speak(sentence(text), never), workers.speak(sentence("ok"), never)];
    const error = await failure(lost);
    expect(error).toMatchObject({ code: "tts-failed", category: "provider", retryable: true });
    expect(await next).toEqual(new Int16Array([1, 1]));
  },
);

test("flite's own refusal keeps the thread", async () => {
  const workers = open();
  await workers.speak(sentence("a"), never);
  expect((await failure(workers.speak(sentence("refuse"), never))).message).toContain("cannot say that");
  expect(await workers.speak(sentence("a"), never)).toEqual(new Int16Array([2]));
});

test("a sentence that hangs is given up and its thread replaced", async () => {
  const workers = open({ timeoutMs: 300 });
  const [stuck, next] = [workers.speak(sentence("hang"), never), workers.speak(sentence("b"), never)];
  expect(await failure(stuck)).toMatchObject({ code: "tts-timeout", category: "timeout" });
  expect(await next).toEqual(new Int16Array([1]));
});

test("the queue has an end", async () => {
  const workers = open({ maxQueued: 2 });
  const waiting = ["a", "b", "c"].map((text) => workers.speak(sentence(text), never));
  expect(await failure(workers.speak(sentence("d"), never))).toMatchObject({ code: "tts-busy", retryable: true });
  expect((await Promise.all(waiting)).length).toBe(3);
});

test("an aborted sentence leaves the queue and is never spoken", async () => {
  const workers = open();
  const ending = new AbortController();
  const first = workers.speak(sentence("a"), never);
  const dropped = workers.speak(sentence("b"), ending.signal);
  const last = workers.speak(sentence("c"), never);
  ending.abort();
  expect((await failure(dropped)).category).toBe("cancelled");
  await first;
  expect(await last).toEqual(new Int16Array([2]));
  expect((await failure(workers.speak(sentence("e"), ending.signal))).category).toBe("cancelled");
});

test("closing rejects what waits and what comes", async () => {
  const workers = open();
  const pending = ["hang", "a"].map((text) => failure(workers.speak(sentence(text), never)));
  await workers.close();
  await workers.close();
  for (const error of await Promise.all(pending)) expect(error.code).toBe("tts-closed");
  expect((await failure(workers.speak(sentence("a"), never))).code).toBe("tts-closed");
});
