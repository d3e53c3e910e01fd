import { createHash } from "node:crypto";
import { ParleyError, type Stt, type SttOptions, type SttSession, type SttUtterance } from "@parley/engine";
import { cacheFolder } from "../cache-folder.ts";
import { type Share, shared } from "../shared.ts";
import { type DecoderModel, DecoderPool } from "./decoder-pool.ts";
import { everydayPhrases } from "./everyday.ts";
import { findPocketSphinx, type Installation } from "./installation.ts";
import type { ModelSource } from "./model-files.ts";
import { prepareModel } from "./models.ts";
import { Spoken } from "./spoken.ts";

export interface PocketSphinxOptions {
  /** What callers may say, added to everyday phrases and to the phrases of each call. */
  phrases?: readonly string[];
  /** A JSGF grammar instead: only what it allows is recognised, and foreign speech is forced into it. */
  grammar?: string;
  name?: string;
  /** How long an answer may take after the utterance's end. */
  timeoutMs?: number;
}

const MAX_PHRASES = 50_000;
const MAX_DECODERS = 12;
/** The general model takes 90 MB a decoder. */
const MAX_GENERAL_DECODERS = 3;
/** Models of one process that are remembered; each distinct list of phrases makes one. */
const MAX_MODELS = 32;
const DEFAULT_TIMEOUT_MS = 30_000;

/** One decoder process serves all recognisers of this process. */
const acquirePool = shared(
  () => ({ installation: findPocketSphinx(), pool: undefined as DecoderPool | undefined }),
  async ({ pool }) => pool?.close(),
);
type Engine = ReturnType<typeof acquirePool>["value"];

let lastSpeaker = 0;

/**
 * Speech recognition without a key: PocketSphinx, English, in a process of its own that all recognisers share. It
 * expects the words of `phrases` and of everyday talk; with neither phrases nor grammar it takes dictation with a
 * general model (slower, 90 MB a decoder, more mistakes). Speech it cannot make out gives `understood: false`.
 * At most 12 decoders (about 15 MB each) work at once; 64 more utterances wait in line.
 * `open` throws ParleyError `stt-language-unsupported` and `stt-not-installed`; results reject with `stt-busy`,
 * `stt-timeout`, `stt-failed`, `stt-model-failed`, `stt-closed` and, cancelled, `stt-cancelled`.
 */
export function pocketSphinxStt(options: PocketSphinxOptions = {}): Stt {
  const models = new Map<string, Promise<DecoderModel>>();
  let share: Share<Engine> | undefined;
  let closed = false;
  const sessions = new Set<SttSession>();

  const engine = (): { installation: Installation; pool: DecoderPool } => {
    if (closed)
      throw new ParleyError("Speech recognition has been closed", { code: "stt-closed", category: "cancelled" });
    share ??= acquirePool();
    share.value.pool ??= new DecoderPool(share.value.installation, { maxDecoders: MAX_DECODERS });
    return { installation: share.value.installation, pool: share.value.pool };
  };

  const modelOf = (installation: Installation, phrases: readonly string[]): Promise<DecoderModel> => {
    const source = sourceOf(options, phrases);
    const key = source === "general" ? source : createHash("sha256").update(JSON.stringify(source)).digest("hex");
    const known = models.get(key);
    if (known !== undefined) return known;
    const broken = () => models.delete(key);
    const made = loadModel(installation, source, key, broken);
    made.catch(broken);
    models.set(key, made);
    const oldest = models.keys().next().value;
    if (models.size > MAX_MODELS && oldest !== undefined) models.delete(oldest);
    return made;
  };

  const open = (session: Pick<SttOptions, "language" | "phrases" | "signal">): SttSession => {
    refuseLanguage(session.language);
    const { installation, pool } = engine();
    const model = modelOf(installation, session.phrases);
    const speaker = ++lastSpeaker;
    const unfinished = new Set<Spoken>();
    let ended = false;
    const opened: SttSession = {
      utterance(onInterim): SttUtterance {
        const spoken: Spoken = new Spoken({
          speaker,
          pool,
          model,
          timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
          onInterim,
          onClosed: () => unfinished.delete(spoken),
        });
        if (ended) spoken.cancel();
        else unfinished.add(spoken);
        return spoken;
      },
      close() {
        if (ended) return;
        ended = true;
        session.signal.removeEventListener("abort", opened.close);
        sessions.delete(opened);
        for (const spoken of [...unfinished]) spoken.cancel();
      },
    };
    session.signal.addEventListener("abort", opened.close, { once: true });
    if (session.signal.aborted) opened.close();
    else sessions.add(opened);
    return opened;
  };

  return {
    name: options.name ?? "local/pocketsphinx",
    capabilities: { interim: true, words: true, languages: ["en"] },
    open,
    async warm() {
      const session = open({ language: "en", phrases: [], signal: new AbortController().signal });
      const silence = session.utterance();
      silence.push(new Int16Array(8000));
      try {
        await silence.finish(new AbortController().signal);
      } finally {
        session.close();
      }
    },
    async close() {
      closed = true;
      for (const session of [...sessions]) session.close();
      await share?.release();
      share = undefined;
    },
  };
}

function sourceOf(options: PocketSphinxOptions, more: readonly string[]): ModelSource | "general" {
  if (options.grammar !== undefined) return { kind: "grammar", grammar: options.grammar };
  const own = [...(options.phrases ?? []), ...more];
  if (own.length === 0) return "general";
  return { kind: "phrases", phrases: [...new Set([...own.slice(0, MAX_PHRASES), ...everydayPhrases])] };
}

async function loadModel(
  installation: Installation,
  source: ModelSource | "general",
  key: string,
  broken: () => void,
): Promise<DecoderModel> {
  const { acousticModel, dictionary, generalModel } = installation;
  if (source === "general") {
    const search = { kind: "language-model" as const, path: generalModel };
    return { key, load: { acousticModel, dictionary, search }, maxDecoders: MAX_GENERAL_DECODERS, broken };
  }
  const folder = cacheFolder("speech-models");
  const files = await prepareModel({ source, dictionaryPath: dictionary, folder });
  const load = { acousticModel, dictionary: files.dictionary, search: files.search };
  return { key, load, maxDecoders: MAX_DECODERS, broken };
}

function refuseLanguage(language: string): void {
  if (language === "" || /^en(-|$)/i.test(language)) return;
  throw new ParleyError(
    `PocketSphinx understands English here, not "${language}". Set language to "en", or choose another stt for this agent.`,
    { code: "stt-language-unsupported", category: "configuration" },
  );
}
