import koffi, { type LibraryHandle } from "koffi";
import type { LoadRequest, Segment } from "./protocol.ts";

type KoffiFunction = ReturnType<LibraryHandle["func"]>;

/** A C decoder; only ever handed back to C. */
export type DecoderHandle = unknown;

/**
 * PocketSphinx 0.8's C functions (pocketsphinx.h, cmd_ln.h of libpocketsphinx3 0.8+5prealpha). Each decoder is used by
 * one thread at a time; different decoders may run side by side.
 */
export class PocketSphinx {
  readonly #base: LibraryHandle;
  readonly #lib: LibraryHandle;

  constructor(libraryPath: string) {
    this.#lib = koffi.load(libraryPath);
    this.#base = koffi.load(libraryPath.replace("libpocketsphinx", "libsphinxbase"));
    this.#parse = this.#base.func("void *cmd_ln_parse_r(void *, void *, int, const char **, int)");
    this.#freeConfig = this.#base.func("int cmd_ln_free_r(void *)");
    this.#logBase = this.#base.func("double logmath_get_base(void *)");
    this.#args = this.#lib.func("void *ps_args()");
    this.#init = this.#lib.func("void *ps_init(void *)");
    this.#free = this.#lib.func("int ps_free(void *)");
    this.#newStream = this.#lib.func("int ps_start_stream(void *)");
    this.#start = this.#lib.func("int ps_start_utt(void *)");
    this.#process = this.#lib.func("int ps_process_raw(void *, const int16_t *, size_t, int, int)");
    this.#end = this.#lib.func("int ps_end_utt(void *)");
    this.#hypothesis = this.#lib.func("const char *ps_get_hyp(void *, void *)");
    this.#logMath = this.#lib.func("void *ps_get_logmath(void *)");
    this.#firstSegment = this.#lib.func("void *ps_seg_iter(void *)");
    this.#nextSegment = this.#lib.func("void *ps_seg_next(void *)");
    this.#segmentWord = this.#lib.func("const char *ps_seg_word(void *)");
    this.#segmentFrames = this.#lib.func("void ps_seg_frames(void *, _Out_ int *, _Out_ int *)");
    this.#segmentProb = this.#lib.func("int32_t ps_seg_prob(void *, void *, void *, void *)");
    this.#prob = this.#lib.func("int32_t ps_get_prob(void *)");
    this.#features = this.#lib.func("void *ps_get_feat(void *)");
    this.#meanSet = this.#base.func("void cmn_live_set(void *, const float *)");
    this.#meanGet = this.#base.func("void cmn_live_get(void *, _Out_ float *)");
    this.#meanUpdate = this.#base.func("void cmn_live_update(void *)");
  }

  readonly #parse: KoffiFunction;
  readonly #freeConfig: KoffiFunction;
  readonly #logBase: KoffiFunction;
  readonly #args: KoffiFunction;
  readonly #init: KoffiFunction;
  readonly #free: KoffiFunction;
  readonly #newStream: KoffiFunction;
  readonly #start: KoffiFunction;
  readonly #process: KoffiFunction;
  readonly #end: KoffiFunction;
  readonly #hypothesis: KoffiFunction;
  readonly #logMath: KoffiFunction;
  readonly #firstSegment: KoffiFunction;
  readonly #nextSegment: KoffiFunction;
  readonly #segmentWord: KoffiFunction;
  readonly #segmentFrames: KoffiFunction;
  readonly #segmentProb: KoffiFunction;
  readonly #prob: KoffiFunction;
  readonly #features: KoffiFunction;
  readonly #meanSet: KoffiFunction;
  readonly #meanGet: KoffiFunction;
  readonly #meanUpdate: KoffiFunction;

  async create(request: LoadRequest): Promise<DecoderHandle> {
    const settings: Record<string, string> = {
      "-hmm": request.acousticModel,
      "-dict": request.dictionary,
      [request.search.kind === "grammar" ? "-jsgf" : "-lm"]: request.search.path,
      // The second pass over the utterance costs 40 ms after its end and gains no accuracy here.
      "-fwdflat": "no",
      // Without a bound the stray sounds make a lattice whose search takes seconds; with it, 10 to 40 ms.
      "-maxwpf": "20",
      // Silence is cut by the call's own VAD; cutting it here would shift the words' times.
      "-remove_silence": "no",
      "-logfn": "/dev/null",
    };
    const list = ["parley", ...Object.entries(settings).flat()];
    const config: unknown = this.#parse(null, this.#args(), list.length, list, 1);
    if (config === null) throw new Error("PocketSphinx refused its settings");
    const decoder = await asynchronous(this.#init, config);
    this.#freeConfig(config);
    if (decoder === null) throw new Error(`PocketSphinx could not load ${request.search.path}`);
    return decoder;
  }

  free(decoder: DecoderHandle): void {
    this.#free(decoder);
  }

  /** Begins an utterance, and the estimate of its noise anew: the last one may have been of another line. */
  start(decoder: DecoderHandle): void {
    if (this.#newStream(decoder) < 0 || this.#start(decoder) < 0)
      throw new Error("PocketSphinx could not start an utterance");
  }

  async process(decoder: DecoderHandle, samples: Int16Array): Promise<void> {
    const frames = await asynchronous(this.#process, decoder, samples, samples.length, 0, 0);
    if ((frames as number) < 0) throw new Error("PocketSphinx could not decode");
  }

  /** The best words so far; between `start` and `end`. */
  partial(decoder: DecoderHandle): string {
    return (this.#hypothesis(decoder, null) as string | null) ?? "";
  }

  async end(decoder: DecoderHandle): Promise<void> {
    await asynchronous(this.#end, decoder);
  }

  /** After `end`: what was heard, piece by piece. The search over the lattice can take a while on noise. */
  async segments(decoder: DecoderHandle): Promise<Segment[]> {
    await asynchronous(this.#hypothesis, decoder, null);
    await asynchronous(this.#prob, decoder);
    const logOfBase = Math.log(this.#logBase(this.#logMath(decoder)) as number);
    const segments: Segment[] = [];
    for (let at: unknown = this.#firstSegment(decoder); at !== null; at = this.#nextSegment(at)) {
      const [start, end] = [[0], [0]] as [[number], [number]];
      this.#segmentFrames(at, start, end);
      const logProb = (this.#segmentProb(at, null, null, null) as number) * logOfBase;
      segments.push({ word: this.#segmentWord(at) as string, start: start[0], end: end[0], logProb });
    }
    return segments;
  }

  /** The mean cepstrum that is taken off every frame: how this speaker's line sounds. Undefined if out of reach. */
  lineSound(decoder: DecoderHandle): Float32Array | undefined {
    const means = this.#means(decoder);
    if (means === undefined) return undefined;
    this.#meanUpdate(means);
    const values = new Float32Array(CEPSTRA);
    this.#meanGet(means, values);
    return values;
  }

  setLineSound(decoder: DecoderHandle, sound: Float32Array): void {
    const means = this.#means(decoder);
    if (means !== undefined) this.#meanSet(means, sound);
  }

  /**
   * The line's sound by its first second alone. PocketSphinx itself moves from the model's studio towards the line
   * within a few utterances: on a telephone the first ones are lost (57 % of the words wrong; with this 10 %).
   */
  async estimateLineSound(decoder: DecoderHandle, samples: Int16Array): Promise<Float32Array | undefined> {
    const before = this.lineSound(decoder);
    if (before === undefined) return undefined;
    this.setLineSound(decoder, before);
    this.start(decoder);
    const withoutSearch = 1;
    await asynchronous(this.#process, decoder, samples, samples.length, withoutSearch, 0);
    await this.end(decoder);
    const after = this.lineSound(decoder) as Float32Array;
    const frames = Math.floor(samples.length / FRAME_SAMPLES) - 1;
    if (frames < 1) return before;
    return before.map((value, at) => ((after[at] as number) * (MEAN_WINDOW + frames) - MEAN_WINDOW * value) / frames);
  }

  /** `cmn_struct` of `feat_t`; undefined where the struct is not the one of sphinxbase/feat.h 0.8. */
  #means(decoder: DecoderHandle): unknown {
    const features = koffi.decode(this.#features(decoder), FEATURES) as Record<string, unknown>;
    if (features.name !== "1s_c_d_dd" || features.cepstra !== CEPSTRA) return undefined;
    const means = koffi.decode(features.means, MEANS) as Record<string, unknown>;
    return means.length === CEPSTRA ? features.means : undefined;
  }
}

const CEPSTRA = 13;
const FRAME_SAMPLES = 160;
/** CMN_WIN of sphinxbase/cmn.h: a mean that is set weighs as much as this many frames. */
const MEAN_WINDOW = 500;

/** The beginning of `feat_t`, and `cmn_t`, of libsphinxbase3 0.8+5prealpha. */
const FEATURES = koffi.struct({
  references: "int",
  name: "char *",
  cepstra: "int32_t",
  streams: "int32_t",
  streamLengths: "void *",
  window: "int32_t",
  subvectors: "int32_t",
  subvectorLengths: "void *",
  subvectorIndex: "void *",
  subvectorBuffer: "void *",
  subvectorSize: "int32_t",
  meanKind: "int",
  variance: "int32_t",
  gain: "int",
  compute: "void *",
  means: "void *",
});
const MEANS = koffi.struct({ mean: "void *", variance: "void *", sum: "void *", frames: "int32_t", length: "int32_t" });

/** Runs a C function in the thread pool. */
function asynchronous(call: KoffiFunction, ...values: unknown[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    call.async(...values, (error: unknown, value: unknown) => (error === null ? resolve(value) : reject(error)));
  });
}
