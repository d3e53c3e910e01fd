import { SampleRing } from "@parley/audio";
import { type Fact, type RuleState, turnText } from "@parley/conversation";
import { ParleyError } from "../error.ts";
import { HEARING_RATE_HZ, type TurnDetector } from "../ports/index.ts";
import { linkedAbort, within } from "../remote/index.ts";
import { isCancelled, toFailure } from "./failure.ts";
import type { Stage, StageContext } from "./stage.ts";

const SAMPLES_PER_MS = HEARING_RATE_HZ / 1000;
/** More of a turn is never judged. */
const MOST_MS = 8_000;
/** After so many failures in a row it is not asked any more in this call. */
const MOST_FAILURES = 3;

/**
 * Asks the turn detector at every pause and reports what it says. Nobody waits for it: the silence that the words alone
 * ask for goes on meanwhile, and an answer that comes after it is too late.
 */
export class Detect implements Stage {
  readonly #context: StageContext;
  readonly #detector: TurnDetector;
  readonly #rings = new Map<string, SampleRing>();
  /** By turnId: what it is asked now. */
  readonly #open = new Map<string, AbortController & { release(): void }>();
  #failures = 0;

  constructor(context: StageContext, detector: TurnDetector) {
    this.#context = context;
    this.#detector = detector;
  }

  /** The hot path: 16 kHz mono. */
  audio(participantId: string, frame: Int16Array): void {
    this.#rings.get(participantId)?.write(frame);
  }

  react(fact: Fact, state: RuleState): void {
    switch (fact.type) {
      case "participant-joined":
        if (fact.kind !== "agent" && !this.#rings.has(fact.participantId))
          this.#rings.set(fact.participantId, new SampleRing(MOST_MS * SAMPLES_PER_MS));
        return;
      case "participant-left":
        this.#rings.delete(fact.participantId);
        return;
      case "speech-started":
        for (const turn of state.turns.open) if (turn.participantId === fact.participantId) this.#drop(turn.turnId);
        return;
      case "turn-committed":
        this.#drop(fact.turnId);
        return;
      case "transcript-requested":
        if (!this.#detector.needsText) this.#ask(fact.turnId, fact.segment, state);
        return;
      case "transcript-final":
        if (this.#detector.needsText) this.#ask(fact.turnId, fact.segment, state);
        return;
      default:
    }
  }

  close(): void {
    for (const turnId of this.#open.keys()) this.#drop(turnId);
    this.#rings.clear();
  }

  #ask(turnId: string, segment: number, state: RuleState): void {
    const turn = state.turns.open.find((open) => open.turnId === turnId);
    const ring = turn && this.#rings.get(turn.participantId);
    // Only the newest pause can be the end, and a fixed silence asks nobody.
    if (!turn || !ring || segment !== turn.segments.length - 1 || turn.segments[segment]?.status === "speaking") return;
    if (this.#failures >= MOST_FAILURES || state.settings.endpointing.policy === "fixed") return;
    this.#drop(turnId);
    const scope = linkedAbort(this.#context.signal);
    this.#open.set(turnId, scope);
    const { preRollMs } = this.#context.agent.hearing;
    const samples = ring.takeLast((this.#context.now() - turn.startMs + preRollMs) * SAMPLES_PER_MS);
    const end = { samples, text: turnText(turn), language: this.#context.language() };
    void this.#judge(end, scope).then((probability) => {
      if (this.#open.get(turnId) === scope) this.#drop(turnId);
      if (probability === null) return;
      const { participantId } = turn;
      this.#context.report({ type: "turn-end-predicted", participantId, turnId, segment, probability });
    });
  }

  /** Null: nothing was learnt, which is what happens without a detector, too. */
  async #judge(end: Parameters<TurnDetector["probability"]>[0], scope: AbortController): Promise<number | null> {
    const { clock, agent } = this.#context;
    const timeoutMs = agent.timeouts.turnDetectorMs;
    const { name } = this.#detector;
    const failed = (message: string, code: string, category: "timeout" | "protocol" | "cancelled") =>
      new ParleyError(`${name} ${message}`, { code, category });
    try {
      const probability = await within(this.#detector.probability(end, scope.signal), {
        clock,
        signal: scope.signal,
        timeoutMs,
        timedOut: () => failed(`gave no answer within ${timeoutMs} ms`, "turn-detector-timeout", "timeout"),
        cancelled: () => failed("is not needed any more", "turn-detector-cancelled", "cancelled"),
      });
      if (!(probability >= 0 && probability <= 1))
        throw failed(`answered ${probability}, which is no probability`, "turn-detector-garbage", "protocol");
      this.#failures = 0;
      return probability;
    } catch (error) {
      if (scope.signal.aborted && isCancelled(error)) return null;
      this.#failed(error);
      return null;
    } finally {
      // A detector that hangs is told that nobody waits any more.
      scope.abort();
    }
  }

  #failed(error: unknown): void {
    const failure = toFailure(error, "turn-detector-failed");
    this.#context.logger.warn({ error: failure }, "the turn detector failed");
    if (++this.#failures === MOST_FAILURES)
      this.#context.report({ type: "error-occurred", source: "turn-detector", error: failure, recoverable: true });
  }

  #drop(turnId: string): void {
    const scope = this.#open.get(turnId);
    this.#open.delete(turnId);
    scope?.abort();
    scope?.release();
  }
}
