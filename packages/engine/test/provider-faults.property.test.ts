import { type Fact, settingsSchema } from "@parley/conversation";
import { type FaultName, fakeRealtimeModel, fakeTts, type RealtimeTurn, virtualClock } from "@parley/testkit";
import fc from "fast-check";
import { expect, it } from "vitest";
import { none, scene } from "./harness.ts";

const RUNS = { numRuns: 60 };
/** Longer than all bounds of a turn together. */
const OVER_MS = 90_000;

const names: FaultName[] = [
  "refused",
  "name-not-found",
  "unavailable",
  "rate-limited",
  "unauthorised",
  "hung",
  "timeout",
  "cut",
  "garbage",
  "thrown",
];
const fault = fc.option(fc.constantFrom(...names), { nil: undefined });
/** Below and above every bound of the stages. */
const ms = fc.option(fc.constantFrom(0, 900, 5_000, 9_000, 30_000), { nil: undefined });
const way = fc.record({ fault, firstMs: ms, eachMs: ms, after: fc.integer({ min: 0, max: 6 }) });
type Way = typeof way extends fc.Arbitrary<infer T> ? T : never;
const well: Way = { fault: undefined, firstMs: undefined, eachMs: undefined, after: 0 };

const first = ({ fault, firstMs }: Way) => ({
  ...(fault === undefined ? {} : { fault }),
  ...(firstMs === undefined ? {} : { firstMs }),
});

/** Each turn that was taken, and each reply that was asked for, has one end. */
function expectEnds(facts: readonly Fact[]) {
  const ids = <T>(list: T[]) => list.sort();
  const of = (types: string[], id: "turnId" | "replyId") =>
    ids(
      facts.filter(({ type }) => types.includes(type)).map((fact) => (fact as unknown as Record<string, string>)[id]),
    );
  expect(of(["turn-replied", "turn-failed", "turn-skipped"], "turnId")).toEqual(of(["turn-committed"], "turnId"));
  expect(of(["reply-finished", "reply-discarded"], "replyId")).toEqual(of(["reply-requested"], "replyId"));
}

it("whatever the three providers do, every turn ends, the next one is answered, and nothing is left open", async () => {
  const bad = fc.record({ stt: way, llm: way, tts: way, spare: way });
  await fc.assert(
    fc.asyncProperty(fc.array(bad, { minLength: 1, maxLength: 3 }), fc.boolean(), async (turns, speculates) => {
      const clock = virtualClock();
      let now = { stt: well, llm: well, tts: well, spare: well };
      const voice = (of: "tts" | "spare") => () => {
        const { eachMs, after } = now[of];
        // A chunk is 100 ms of sound.
        return {
          ...first(now[of]),
          faultAfterMs: after * 200,
          ...(eachMs === undefined ? {} : { pace: eachMs / 100 }),
        };
      };
      const spare = fakeTts({ clock, answers: voice("spare") });
      const s = scene({
        clock,
        settings: { speculation: { policy: speculates ? "at-pause" : "never" } },
        stt: { answers: () => ({ text: "What time is it?", ...first(now.stt) }) },
        llm: {
          answers: () => ({
            text: "It is noon. It will be one soon.",
            ...first(now.llm),
            faultAfterWords: now.llm.after,
            ...(now.llm.eachMs === undefined ? {} : { tokenMs: now.llm.eachMs }),
          }),
        },
        tts: { answers: voice("tts") },
        agent: { spareTts: spare },
      });
      await s.begin();
      for (const turn of turns) {
        now = turn;
        await s.speak(900);
        await clock.advance(OVER_MS);
        expectEnds(s.log.facts);
      }
      now = { stt: well, llm: well, tts: well, spare: well };
      const before = s.count("turn-replied");
      await s.speak(900);
      await clock.advance(OVER_MS);
      expect(s.count("turn-replied")).toBe(before + 1);
      expectEnds(s.log.facts);
      s.call.close("test");
      await clock.until(s.call.done);
      expect(s.leaks()).toEqual(none);
      expect(spare.openStreams).toBe(0);
      expect(s.differences()).toEqual([]);
    }),
    RUNS,
  );
});

it("whatever a speech-to-speech model does, every turn ends, the next one is answered, and no session is left", async () => {
  const bad = fc.record({ way, opening: fault, lost: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(bad, { minLength: 1, maxLength: 3 }), async (turns) => {
      const clock = virtualClock();
      let now: RealtimeTurn = {};
      let opening: FaultName | null = turns[0]?.opening ?? null;
      const model = fakeRealtimeModel({ clock, openFault: () => opening, turns: () => now });
      const agent = { realtime: model, settings: settingsSchema.parse({ mode: "realtime" }) };
      const s = scene({ clock, agent });
      await s.begin();
      for (const { way, lost, ...turn } of turns) {
        opening = turn.opening ?? null;
        now = { ...first(way), lost, ...(way.eachMs === undefined ? {} : { wordMs: way.eachMs }) };
        await s.speak(900);
        await clock.advance(OVER_MS);
        expectEnds(s.log.facts);
      }
      opening = null;
      now = {};
      const before = s.count("turn-replied");
      await s.speak(900);
      await clock.advance(OVER_MS);
      expect(s.count("turn-replied")).toBe(before + 1);
      expectEnds(s.log.facts);
      s.call.close("test");
      await clock.until(s.call.done);
      expect(model.sessions.every(({ closed }) => closed)).toBe(true);
      expect(s.differences()).toEqual([]);
    }),
    RUNS,
  );
});
