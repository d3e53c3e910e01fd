import type { Clock } from "@parley/engine";
import type { Observer } from "./observer.ts";
import type { TerminalTransport } from "./terminal-transport.ts";

/** One thing that the caller says. */
export type CallerLine = { kind: "wav"; name: string; samples: Int16Array } | { kind: "text"; text: string };

/** Silence on both sides for this long means that it is the caller's turn. */
const QUIET_MS = 700;
const LOOK_MS = 50;
/** A recording that opened no turn this long after its end was not heard as speech. */
const UNHEARD_MS = 3_000;
/** The rules end every turn within their own bounds; this only catches a broken provider. */
const ANSWER_MS = 120_000;

export interface ConverseOptions {
  clock: Clock;
  transport: TerminalTransport;
  observer: Observer;
  /** Aborted when the call is over. */
  over: AbortSignal;
  /** Start the next recording this long into an answer, rather than after it; null: never interrupt. */
  bargeInMs: number | null;
  note(text: string): void;
}

export interface Converse {
  /** Says one line when it is the caller's turn. False: the call is over, or no answer came. */
  say(line: CallerLine): Promise<boolean>;
  /** Waits until the last answer has sounded. */
  hearOut(): Promise<boolean>;
}

/** A caller who waits for his turn, says what he has to say, and listens. */
export function converse(options: ConverseOptions): Converse {
  const { clock, transport, observer, over, note } = options;
  let saidLines = 0;

  /** True when `true_` holds, false when the call ended or the time passed first. */
  function until(holds: () => boolean, boundMs: number): Promise<boolean> {
    const startedMs = clock.now();
    return new Promise((resolve) => {
      const look = (): void => {
        if (holds()) resolve(true);
        else if (over.aborted || clock.now() - startedMs >= boundMs) resolve(false);
        else clock.after(LOOK_MS, look);
      };
      look();
    });
  }

  function quiet(): () => boolean {
    let sinceMs: number | null = null;
    return () => {
      if (observer.busy || transport.out.queuedMs() > 0) sinceMs = null;
      else sinceMs ??= clock.now();
      return sinceMs !== null && clock.now() - sinceMs >= QUIET_MS;
    };
  }

  function intoTheAnswer(bargeInMs: number): () => boolean {
    let sinceMs: number | null = null;
    const itsTurn = quiet();
    return () => {
      if (observer.phase === "speaking") sinceMs ??= clock.now();
      else sinceMs = null;
      return itsTurn() || (sinceMs !== null && clock.now() - sinceMs >= bargeInMs);
    };
  }

  async function hearOut(): Promise<boolean> {
    if (await until(quiet(), ANSWER_MS)) return true;
    if (!over.aborted) note(`no answer within ${ANSWER_MS / 1000} s`);
    return false;
  }

  return {
    async say(line) {
      const interrupts = options.bargeInMs !== null && saidLines > 0;
      const itsTurn = interrupts ? await until(intoTheAnswer(options.bargeInMs ?? 0), ANSWER_MS) : await hearOut();
      if (!itsTurn || over.aborted) return false;
      saidLines++;
      const before = observer.turns;
      if (line.kind === "text") transport.type(line.text);
      else await transport.speak(line.samples);
      if (!(await until(() => observer.turns > before, UNHEARD_MS)) && !over.aborted) {
        note(line.kind === "wav" ? `nothing was heard in ${line.name}` : "the message was not taken");
      }
      return !over.aborted;
    },
    hearOut,
  };
}
