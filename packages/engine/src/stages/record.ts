import type { Fact, RuleState } from "@parley/conversation";
import type { Recorder, Recording } from "../ports/index.ts";
import { toFailure } from "./failure.ts";
import type { FarEndListener } from "./far-end.ts";
import type { Stage, StageContext } from "./stage.ts";

/** What the call's recording hears, while it is recorded. What is paused or stopped is silence in it. */
export class Record implements Stage, FarEndListener {
  readonly #context: StageContext;
  readonly #recorder: Recorder;
  readonly #voiceRateHz: number;
  #recording: Recording | null = null;
  #isOn = false;
  #hasFailed = false;

  constructor(context: StageContext, recorder: Recorder, voiceRateHz: number) {
    this.#context = context;
    this.#recorder = recorder;
    this.#voiceRateHz = voiceRateHz;
  }

  /** The hot path: 16 kHz mono. */
  audio(participantId: string, frame: Int16Array): void {
    if (this.#isOn) this.#recording?.hears(participantId, frame);
  }

  sounds(atMs: number, samples: Int16Array): void {
    if (this.#isOn) this.#recording?.sounds(atMs, samples);
  }

  cleared(nowMs: number): void {
    this.#recording?.cleared(nowMs);
  }

  react(fact: Fact, state: RuleState): void {
    if (fact.type === "participant-left") this.#recording?.left(fact.participantId);
    if (fact.type !== "recording-changed" && fact.type !== "call-recovered") return;
    const now = fact.type === "recording-changed" ? fact.to : state.recording.now;
    this.#isOn = now === "on";
    if (this.#isOn) this.#open();
    // What waits to be heard is not to be kept.
    else this.#recording?.cleared(this.#context.now());
  }

  close(): void {
    this.#isOn = false;
    this.#recording?.close();
    this.#recording = null;
  }

  #open(): void {
    if (this.#recording || this.#hasFailed) return;
    const { callId, epoch } = this.#context.state();
    this.#recording = this.#recorder.open({
      callId,
      epoch,
      voiceRateHz: this.#voiceRateHz,
      now: () => this.#context.now(),
      failed: (error) => {
        this.#hasFailed = true;
        this.close();
        this.#context.logger.error({ error: toFailure(error, "recording") }, "the call is not recorded any more");
        this.#context.report({ type: "recording-failed", code: error.code, message: error.message });
      },
    });
  }
}
