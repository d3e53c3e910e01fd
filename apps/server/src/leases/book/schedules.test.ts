import fc from "fast-check";
import { test } from "vitest";
import { call, testBook } from "../../test/book.ts";

/** Workers that come, go, run and take calls at random; each call of theirs keeps the epoch it was ordered with. */
test("at random: epochs only rise, nobody away or draining is asked, and every call ends up with somebody", () => {
  const ids = ["a", "b", "c"];
  const callIds = ["x", "y", "z"];
  // Nobody has begun it; who waits for it does so without end.
  const waiting = { callId: "w", room: "room-w", agentName: "desk", metadata: "{}", untilMs: Number.POSITIVE_INFINITY };
  const event = fc.record({
    kind: fc.constantFrom(
      "up",
      "lost",
      "closed",
      "goodbye",
      "lease",
      "answer",
      "refuse",
      "silent",
      "hand-over",
      "hold",
      "wait",
    ),
    id: fc.constantFrom(...ids),
    callId: fc.constantFrom(...callIds, "w"),
    passMs: fc.constantFrom(0, 100, 500, 1_000, 4_000),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const t = testBook();
      const runs = new Map(ids.map((id) => [id, new Map<string, number>()]));
      const isUp = new Set(ids);
      const newest = new Map(callIds.map((callId) => [callId, 1]));
      let wanted = callIds;
      let seen = 0;
      const lease = (id: string) =>
        t.lease(
          id,
          [...(runs.get(id) ?? [])].map(([callId, epoch]) => call(callId, { epoch })),
        );
      const check = (): void => {
        for (; seen < t.effects.length; seen += 1) {
          const effect = t.effects[seen];
          if (effect?.type === "order" && !isUp.has(effect.to)) throw new Error(`${effect.to} is not here`);
        }
      };
      const answer = (callId: string, ok: boolean): void => {
        const order = t.effects.findLast((effect) => effect.type === "order" && effect.callId === callId);
        if (order?.type !== "order") return;
        const epoch = t.book.epochFor(callId, order.to, 0);
        if (epoch === null) return;
        if (epoch <= (newest.get(callId) ?? 0)) throw new Error(`epoch ${epoch} of ${callId} comes again`);
        newest.set(callId, epoch);
        if (ok && isUp.has(order.to)) {
          for (const calls of runs.values()) calls.delete(callId);
          runs.get(order.to)?.set(callId, epoch);
        }
        t.book.answered(t.now, callId, { to: order.to, epoch }, { ok: ok && isUp.has(order.to), reason: "" });
        t.pass(0);
      };
      for (const [index, id] of ids.entries()) {
        runs.get(id)?.set(callIds[index] ?? "", 1);
        t.here(id);
        lease(id);
      }
      for (const { kind, id, callId, passMs } of events) {
        if (kind === "up" && !isUp.has(id)) {
          isUp.add(id);
          t.here(id);
          lease(id);
        } else if (kind === "lost" || kind === "closed" || kind === "goodbye") {
          if (isUp.delete(id)) t.gone(id, kind === "closed" ? "closed-by-us" : kind);
        } else if (kind === "lease" && isUp.has(id)) lease(id);
        else if (kind === "answer" || kind === "refuse") answer(callId, kind === "answer");
        else if (kind === "hand-over" && isUp.has(id))
          t.book.handOver(t.now, id, { callId, epoch: newest.get(callId) ?? 1 });
        else if (kind === "hold") t.book.hold(t.now);
        else if (kind === "wait") {
          t.book.wait(t.now, waiting);
          wanted = [...callIds, "w"];
        }
        t.pass(passMs);
        check();
      }
      // In the end everybody is there and says yes.
      for (const id of ids) {
        isUp.add(id);
        t.here(id);
        lease(id);
      }
      for (let i = 0; i < 40; i += 1) {
        t.pass(1_000);
        check();
        for (const callId of wanted) answer(callId, true);
        for (const id of ids) lease(id);
      }
      for (const callId of wanted) {
        const owner = t.book.ownerOf(callId);
        if (owner === null) throw new Error(`nobody has ${callId}`);
        if (!runs.get(owner)?.has(callId)) throw new Error(`${owner} does not run ${callId}`);
      }
    }),
    { numRuns: 300 },
  );
});
