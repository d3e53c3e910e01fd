import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { cutDictionary, Dictionary } from "./dictionary.ts";
import { grammarWords } from "./grammar.ts";
import { buildLanguageModel } from "./language-model.ts";
import { STRAY_SOUND_WEIGHT, STRAY_SOUNDS } from "./stray-sounds.ts";
import { spokenWords } from "./vocabulary.ts";

/** What a model is made from. */
export type ModelSource =
  /** Whatever is said in words like these. */
  | { kind: "phrases"; phrases: readonly string[] }
  /** Exactly what a JSGF grammar allows. */
  | { kind: "grammar"; grammar: string };

export interface ModelRequest {
  source: ModelSource;
  /** PocketSphinx's dictionary. */
  dictionaryPath: string;
  /** Where made models are kept. */
  folder: string;
}

/** Files for a decoder. */
export interface ModelFiles {
  dictionary: string;
  /** ARPA, or JSGF. */
  search: { kind: "language-model" | "grammar"; path: string };
  /** Words whose pronunciation was guessed, and words nothing could be made of. */
  guessed: readonly string[];
  missing: readonly string[];
}

/** Raise it when the same phrases would make other files. */
const FORMAT = 1;
const MANIFEST = "model.json";
/** Models kept; the one unused for longest goes first. */
const MAX_KEPT = 24;

/** The same source always has the same folder. */
function folderOf(request: ModelRequest): string {
  const { size, mtimeMs } = statSync(request.dictionaryPath);
  const hash = createHash("sha256");
  hash.update(JSON.stringify([FORMAT, STRAY_SOUND_WEIGHT, request.dictionaryPath, size, mtimeMs, request.source]));
  return join(request.folder, hash.digest("hex").slice(0, 32));
}

/** Makes the files, or finds those made before. Blocks for some 200 ms when it makes them: it belongs in a worker. */
export function makeModel(request: ModelRequest): ModelFiles {
  const folder = folderOf(request);
  const manifest = join(folder, MANIFEST);
  if (existsSync(manifest)) {
    const now = new Date();
    utimesSync(folder, now, now);
    return JSON.parse(readFileSync(manifest, "utf8")) as ModelFiles;
  }
  // Made aside and moved into place whole: several processes may make the same model at once.
  const draft = `${folder}.${process.pid}.${Date.now().toString(36)}`;
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  try {
    const files = write(request, draft, folder);
    writeFileSync(join(draft, MANIFEST), JSON.stringify(files));
    renameSync(draft, folder);
    prune(request.folder);
    return files;
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (existsSync(manifest)) return JSON.parse(readFileSync(manifest, "utf8")) as ModelFiles;
    throw error;
  }
}

function write(request: ModelRequest, draft: string, folder: string): ModelFiles {
  const dictionary = new Dictionary(readFileSync(request.dictionaryPath, "utf8"));
  const { source } = request;
  const phrases = source.kind === "phrases" ? source.phrases.map(spokenWords) : [grammarWords(source.grammar)];
  const cut = cutDictionary(dictionary, new Set(phrases.flat()));
  const lines = [...cut.lines];
  const kind = source.kind === "phrases" ? "language-model" : "grammar";
  const name = source.kind === "phrases" ? "phrases.lm" : "grammar.jsgf";
  if (source.kind === "phrases") {
    lines.push(...STRAY_SOUNDS.map(({ word, phones }) => `${word} ${phones}`));
    const missing = new Set(cut.missing);
    const known = phrases
      .map((words) => words.filter((word) => !missing.has(word)))
      .filter((words) => words.length > 0);
    const extra = STRAY_SOUNDS.map(({ word }) => word);
    writeFileSync(join(draft, name), buildLanguageModel(known, extra, STRAY_SOUND_WEIGHT));
  } else {
    writeFileSync(join(draft, name), source.grammar);
  }
  writeFileSync(join(draft, "words.dict"), `${lines.join("\n")}\n`);
  return {
    dictionary: join(folder, "words.dict"),
    search: { kind, path: join(folder, name) },
    guessed: cut.guessed,
    missing: cut.missing,
  };
}

function prune(folder: string): void {
  const kept = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(folder, entry.name))
    .map((path) => ({ path, usedAt: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((a, b) => b.usedAt - a.usedAt);
  for (const { path } of kept.slice(MAX_KEPT)) rmSync(path, { recursive: true, force: true });
}
