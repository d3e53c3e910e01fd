import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ModelSource, makeModel } from "./model-files.ts";
import { prepareModel } from "./models.ts";
import { STRAY_SOUNDS } from "./stray-sounds.ts";

let home: string;
let dictionaryPath: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "parley-models-"));
  dictionaryPath = join(home, "words.dict");
  writeFileSync(dictionaryPath, "book B UH K\na AH\na(2) EY\ntable T EY B AH L\nyes Y EH S\nno N OW\n");
});
afterAll(() => rmSync(home, { recursive: true }));

const phrases = (...list: string[]): ModelSource => ({ kind: "phrases", phrases: list });

test("phrases become a language model and the dictionary of its words", () => {
  const files = makeModel({ source: phrases("Book a table, Xerxes!"), dictionaryPath, folder: join(home, "one") });
  const dictionary = readFileSync(files.dictionary, "utf8").trim().split("\n");
  expect(dictionary.filter((line) => !line.startsWith("++"))).toEqual([
    "book B UH K",
    "a AH",
    "a(2) EY",
    "table T EY B AH L",
    "xerxes Z ER K S Z",
  ]);
  expect(dictionary.filter((line) => line.startsWith("++"))).toHaveLength(STRAY_SOUNDS.length);
  expect(files).toMatchObject({ guessed: ["xerxes"], missing: [], search: { kind: "language-model" } });
  expect(readFileSync(files.search.path, "utf8")).toContain("book a table");
});

test("a grammar is kept as it is, with its words' sounds", () => {
  const grammar = "#JSGF V1.0; grammar g; public <g> = yes | no;";
  const files = makeModel({ source: { kind: "grammar", grammar }, dictionaryPath, folder: join(home, "two") });
  expect(readFileSync(files.search.path, "utf8")).toBe(grammar);
  expect(readFileSync(files.dictionary, "utf8")).toBe("yes Y EH S\nno N OW\n");
});

test("the same phrases are made once, other phrases anew; a new dictionary makes all anew", () => {
  const folder = join(home, "three");
  const first = makeModel({ source: phrases("yes"), dictionaryPath, folder });
  expect(makeModel({ source: phrases("yes"), dictionaryPath, folder })).toEqual(first);
  expect(readdirSync(folder)).toHaveLength(1);
  makeModel({ source: phrases("no"), dictionaryPath, folder });
  expect(readdirSync(folder)).toHaveLength(2);
  const other = join(home, "other.dict");
  writeFileSync(other, "yes Y AE S\n");
  const changed = makeModel({ source: phrases("yes"), dictionaryPath: other, folder });
  expect(readFileSync(changed.dictionary, "utf8")).toContain("yes Y AE S");
});

test("models unused for longest are cleared away", () => {
  const folder = join(home, "four");
  for (let old = 0; old < 30; old++) {
    mkdirSync(join(folder, `old${old}`), { recursive: true });
    utimesSync(join(folder, `old${old}`), new Date(old * 1000), new Date(old * 1000));
  }
  const files = makeModel({ source: phrases("yes"), dictionaryPath, folder });
  const kept = readdirSync(folder);
  expect(kept).toHaveLength(24);
  expect(kept).toContain("old29");
  expect(kept).not.toContain("old6");
  expect(readFileSync(files.dictionary, "utf8")).toContain("yes");
});

test("a thread makes it too, at once for several who ask, and says what went wrong", async () => {
  const request = { source: phrases("yes no"), dictionaryPath, folder: join(home, "five") };
  const made = await Promise.all([prepareModel(request), prepareModel(request), prepareModel(request)]);
  expect(new Set(made.map((files) => files.dictionary)).size).toBe(1);
  expect(readdirSync(request.folder)).toHaveLength(1);
  const lost = prepareModel({ ...request, dictionaryPath: join(home, "nowhere.dict") });
  await expect(lost).rejects.toMatchObject({ code: "stt-model-failed", category: "configuration" });
  await expect(lost).rejects.toThrow(/nowhere\.dict/);
});
