import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SttResult } from "@parley/engine";
import { silence } from "@parley/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { receptionistPhrases } from "../receptionist/phrases.ts";
import { type DecoderModel, DecoderPool } from "./decoder-pool.ts";
import { everydayPhrases } from "./everyday.ts";
import { say, speak } from "./fixtures/caller.ts";
import { inARoom } from "./fixtures/line.ts";
import { CALLERS_SAY } from "./fixtures/sentences.ts";
import { wordErrors } from "./fixtures/word-errors.ts";
import { findLibrary, findPocketSphinx, findPython, pythonEnvironment } from "./installation.ts";
import { prepareModel } from "./models.ts";
import { Spoken } from "./spoken.ts";
import { pocketSphinxStt } from "./stt.ts";

const installed = findPython(pythonEnvironment()) !== undefined;
const never = new AbortController().signal;

describe.runIf(installed)("the decoder in Python", () => {
  let folder: string;
  let pool: DecoderPool;
  let model: Promise<DecoderModel>;
  const interims: string[] = [];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "parley-python-"));
    const installation = findPocketSphinx({ libraryFolders: [] });
    expect(installation.kind).toBe("python");
    const { acousticModel, dictionary: dictionaryPath } = installation;
    const source = { kind: "phrases" as const, phrases: [...receptionistPhrases, ...everydayPhrases] };
    model = prepareModel({ source, dictionaryPath, folder }).then((files) => ({
      key: "test",
      load: { acousticModel, dictionary: files.dictionary, search: files.search },
      maxDecoders: 4,
      broken() {},
    }));
    pool = new DecoderPool(installation);
  });
  afterAll(async () => {
    await pool.close();
    rmSync(folder, { recursive: true });
  });

  const begin = (speaker = 1) =>
    new Spoken({ speaker, pool, model, timeoutMs: 60_000, onInterim: (text) => interims.push(text), onClosed() {} });
  const hear = (clip: Int16Array, speaker?: number): Promise<SttResult> => {
    const spoken = begin(speaker);
    spoken.push(clip);
    return spoken.finish(never);
  };

  test("hears words, several at once, also after an utterance that was left", async () => {
    const left = begin();
    left.push(silence(500, 16_000));
    left.cancel();
    const said = await hear(inARoom(speak("i would like to book a table for four people on friday", "slt")));
    expect(said).toMatchObject({ understood: true, text: "I would like to book a table for four people on Friday" });
    expect(said.words?.at(-1)?.confidence).toBeGreaterThan(0);
    const both = ["yes please", "what are your opening hours"].map((text) => hear(inARoom(speak(text, "slt"))));
    expect((await Promise.all(both)).map(({ text }) => text)).toEqual(["Yes please", "What are your opening hours"]);
    expect(await hear(silence(1000, 16_000))).toMatchObject({ text: "", understood: true });
  });

  test("finds a new line's sound after a long pause", async () => {
    const speech = speak("i would like to book a table for tomorrow evening please", "slt");
    expect(await hear(inARoom(speech, 15, 21_000), 2)).toMatchObject({
      text: "I would like to book a table for tomorrow evening please",
    });
  });

  test.runIf(findLibrary() !== undefined)("hears what the library hears, and no worse", async () => {
    const clips = CALLERS_SAY.map((text) => inARoom(speak(text, "slt")));
    const stt = pocketSphinxStt({ phrases: receptionistPhrases, timeoutMs: 120_000 });
    const byLibrary = await say(stt, clips);
    await stt.close?.();
    let [apart, wrong, words] = [0, 0, 0];
    for (const [at, said] of CALLERS_SAY.entries()) {
      const { text } = await hear(clips[at] as Int16Array, 3);
      apart += wordErrors(byLibrary[at]?.text ?? "", text).errors;
      const found = wordErrors(said, text);
      wrong += found.errors;
      words += found.words;
    }
    console.log(`Python: ${wrong} of ${words} words wrong, ${apart} unlike the library's`);
    // Two releases of PocketSphinx, ten years apart: alike, not the same.
    expect(apart / words).toBeLessThan(0.1);
    expect(wrong / words).toBeLessThan(0.1);
  });
});
