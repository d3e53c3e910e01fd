import type { Fact } from "@parley/conversation";
import { type CallLog, ParleyError } from "@parley/engine";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expectParleyError, noUnhandledRejections } from "./checks.ts";

/** A log and a way to read what it holds, as recovery would. */
export interface LogUnderTest {
  log: CallLog;
  read: () => readonly Fact[] | Promise<readonly Fact[]>;
}

export interface CallLogConformanceOptions {
  /** A log that takes `fits` facts of this suite (about 200 bytes each) at least, and never ten times as many. */
  small?: { make: () => LogUnderTest | Promise<LogUnderTest>; fits: number };
  /** A log whose place cannot be written to any more. */
  broken?: () => LogUnderTest | Promise<LogUnderTest>;
}

/** What every CallLog owes its caller: the docstrings of packages/engine/src/ports/call-log.ts as tests. */
export function callLogConformance(
  name: string,
  make: () => LogUnderTest | Promise<LogUnderTest>,
  options: CallLogConformanceOptions = {},
) {
  describe(`${name} is a CallLog`, () => {
    noUnhandledRejections();
    let under: LogUnderTest;
    beforeEach(async () => {
      under = await make();
    });
    afterEach(() => under.log.close());

    it("keeps facts in order, one at a time and in batches, readable while it is open", async () => {
      const facts = factsFrom(1, 7);
      under.log.append(facts.slice(0, 1));
      under.log.append(facts.slice(1, 4));
      under.log.append([]);
      expect(await under.read()).toEqual(facts.slice(0, 4));
      under.log.append(facts.slice(4));
      under.log.close();
      expect(await under.read()).toEqual(facts);
    });

    it("keeps any text as it is", async () => {
      const texts = ['a\nb\r\n"c"\\', "\u2028\u2029\u0000\u001f", "Grüße, 你好 👋🏽", "x".repeat(100_000), ""];
      const facts = texts.map((text, i) => fact(i + 1, text));
      under.log.append(facts);
      expect(await under.read()).toEqual(facts);
    });

    it("keeps what a fact was when it was appended", async () => {
      const changing = fact(1, "as it was");
      const batch = [changing];
      under.log.append(batch);
      (changing as { reason: string }).reason = "changed";
      batch.length = 0;
      expect(await under.read()).toEqual([fact(1, "as it was")]);
    });

    it("keeps a long call", async () => {
      const facts = factsFrom(1, 2000);
      for (const one of facts) under.log.append([one]);
      expect(await under.read()).toEqual(facts);
    });

    it("closes, also twice; then it refuses facts by name and still holds what it had", async () => {
      under.log.append(factsFrom(1, 2));
      under.log.close();
      under.log.close();
      expectCode(
        thrownBy(() => under.log.append(factsFrom(3, 1))),
        "log-closed",
      );
      expect(await under.read()).toEqual(factsFrom(1, 2));
    });

    const { small, broken } = options;
    if (small) {
      it("refuses a batch that does not fit as a whole, and says so", async () => {
        const full = await small.make();
        try {
          const held = factsFrom(1, small.fits);
          full.log.append(held);
          expectCode(
            thrownBy(() => full.log.append(factsFrom(small.fits + 1, small.fits * 10))),
            "log-full",
          );
          expect(await full.read()).toEqual(held);
        } finally {
          full.log.close();
        }
      });
    }
    if (broken) {
      it("throws when it cannot write, and holds all or nothing of the batch", async () => {
        const failing = await broken();
        try {
          const before = await failing.read();
          expectCode(
            thrownBy(() => failing.log.append(factsFrom(1, 3))),
            "log-write-failed",
          );
          expect(await failing.read()).toEqual(before);
        } finally {
          failing.log.close();
        }
      });
    }
  });
}

function fact(seq: number, reason: string): Fact {
  return {
    callId: "call-conformance",
    epoch: 1,
    seq,
    at: seq * 20,
    version: 1,
    type: "participant-left",
    participantId: "caller",
    reason,
  };
}

function factsFrom(seq: number, count: number): Fact[] {
  return Array.from({ length: count }, (_, i) => fact(seq + i, `reason number ${seq + i}`));
}

function thrownBy(run: () => void): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("append should have thrown");
}

function expectCode(error: unknown, code: string): void {
  expectParleyError(error, error instanceof ParleyError ? [error.category] : []);
  expect((error as ParleyError).code).toBe(code);
}
