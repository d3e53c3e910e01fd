import { parseFact } from "@parley/conversation";
import { expect, test } from "vitest";
import { unservedLog } from "./end-unserved.ts";

const call = { callId: "c", room: "r", agentName: "desk", untilMs: 0 };

test("the log of a call that nobody took is one that everybody can read, and says whose it was", () => {
  const metadata = JSON.stringify({ callId: "c", agentId: "desk", tenantId: "t1", from: "+1", plan: "gold" });
  const log = unservedLog({ ...call, metadata }, "no-worker", 60_000, Date.UTC(2030, 0, 1, 0, 1));
  for (const fact of log) expect(parseFact(fact)).toMatchObject({ ok: true });
  expect(log.map(({ seq, at, type }) => [seq, at, type])).toEqual([
    [1, 0, "call-started"],
    [2, 60_000, "call-closing"],
    [3, 60_000, "call-closed"],
  ]);
  const said = { agent: "desk", room: "r", tenantId: "t1", from: "+1", wallMs: Date.UTC(2030, 0, 1) };
  expect(log[0]).toMatchObject({ ...said, metadata: { plan: "gold" } });
  expect(log[2]).toMatchObject({ callId: "c", epoch: 1, reason: "no-worker" });
});

test.each(["", "no JSON", "[1]", "null"])("metadata of %j are none", (metadata) => {
  for (const fact of unservedLog({ ...call, metadata }, "declined", 0, 0))
    expect(parseFact(fact)).toMatchObject({ ok: true });
});
