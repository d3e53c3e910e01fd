import { Resampler } from "@parley/audio";
import type { Fact } from "@parley/conversation";
import { type EchoCancellerStream, HEARING_RATE_HZ, type NoiseFilterStream } from "../ports/index.ts";
import { toFailure } from "./failure.ts";
import type { FarEndListener } from "./far-end.ts";
import type { Stage, StageContext } from "./stage.ts";

const SAMPLES_PER_MS = HEARING_RATE_HZ / 1000;

interface Line {
  /** Null: there is none, or it has failed. */
  echo: EchoCancellerStream | null;
  noise: NoiseFilterStream | null;
}

/** What an agent has to clean a line with, before anybody listens to it. Whatever fails is left out from then on. */
export class Clean implements Stage, FarEndListener {
  readonly #context: StageContext;
  readonly #lines = new Map<string, Line>();
  readonly #resampler: Resampler;

  constructor(context: StageContext, outRateHz: number) {
    this.#context = context;
    this.#resampler = new Resampler(outRateHz, HEARING_RATE_HZ);
  }

  /** The hot path: 16 kHz mono in and out. */
  audio(participantId: string, frame: Int16Array): Int16Array {
    const line = this.#lines.get(participantId);
    if (!line) return frame;
    let clean = frame;
    const { echo, noise } = line;
    if (echo) clean = this.#through(line, "echo", clean, () => echo.process(frame, this.#beganAt(frame)));
    if (noise) {
      const before = clean;
      clean = this.#through(line, "noise", before, () => noise.process(before));
    }
    return clean;
  }

  sounds(atMs: number, samples: Int16Array): void {
    const frame = this.#resampler.push(samples);
    if (frame.length > 0) for (const { echo } of this.#lines.values()) echo?.plays(frame, atMs);
  }

  cleared(atMs: number): void {
    for (const { echo } of this.#lines.values()) echo?.cleared(atMs);
  }

  react(fact: Fact): void {
    if (fact.type === "participant-joined" && fact.kind !== "agent" && !this.#lines.has(fact.participantId)) {
      const { echoCanceller, noiseFilter } = this.#context.agent;
      this.#lines.set(fact.participantId, { echo: echoCanceller?.open() ?? null, noise: noiseFilter?.open() ?? null });
    }
    if (fact.type === "participant-left") this.#close(fact.participantId);
  }

  close(): void {
    for (const participantId of [...this.#lines.keys()]) this.#close(participantId);
  }

  #beganAt(frame: Int16Array): number {
    return this.#context.now() - frame.length / SAMPLES_PER_MS;
  }

  #through(line: Line, part: keyof Line, frame: Int16Array, process: () => Int16Array): Int16Array {
    try {
      const clean = process();
      if (clean.length === frame.length) return clean;
      throw new Error(`${clean.length} samples for ${frame.length}`);
    } catch (error) {
      const failure = toFailure(error, `${part}-cleaning-failed`);
      this.#context.logger.error({ error: failure }, "a line is not cleaned any more");
      this.#context.report({ type: "error-occurred", source: part, error: failure, recoverable: true });
      line[part]?.close();
      line[part] = null;
      return frame;
    }
  }

  #close(participantId: string): void {
    const line = this.#lines.get(participantId);
    this.#lines.delete(participantId);
    line?.echo?.close();
    line?.noise?.close();
  }
}
