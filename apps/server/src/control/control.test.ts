import { ParleyError } from "@parley/engine";
import type { RoomParticipant } from "@parley/livekit";
import { expect, test } from "vitest";
import { orThrow } from "./outcome.ts";
import * as schema from "./schema.ts";
import { transferCaller } from "./transfer.ts";

test.each([
  ["no-owner", 409, "call-not-live"],
  ["call-over", 409, "call-over"],
  ["agent-muted", 409, "agent-muted"],
  ["same-agent", 409, "same-agent"],
  ["transfer-under-way", 409, "transfer-under-way"],
  ["not-handed-over", 503, "agent-not-reached"],
  ["language-unsupported", 422, "language-unsupported"],
  ["recording-off", 409, "recording-off"],
  ["consent-missing", 409, "consent-missing"],
  ["not-recording", 409, "not-recording"],
  ["too-much-to-say", 429, "too-much-to-say"],
  ["args-too-large", 413, "args-too-large"],
  ["owner-away", 503, "owner-away"],
  ["not-here", 503, "owner-away"],
  ["line-lost", 503, "outcome-unknown"],
  ["no-answer", 503, "outcome-unknown"],
  ["something else", 503, "not-carried-out"],
])("a worker's %s is a %i with the code %s", (reason, status, code) => {
  const thrown = (() => {
    try {
      return orThrow({ ok: false, reason }, "c");
    } catch (error) {
      return error;
    }
  })();
  expect(thrown).toMatchObject({ status, code });
  if (status === 503 || status === 429) expect(thrown).toHaveProperty(["headers", "retry-after"]);
});

test("only telephone numbers and SIP addresses can be dialled", () => {
  for (const to of ["+15550100", "tel:+15550100", "sip:desk@example.com", "sips:a.b+c@10.0.0.1:5061"])
    expect(schema.transfer.safeParse({ to }).success, to).toBe(true);
  expect(schema.transfer.parse({ to: "+15550100" }).to).toBe("tel:+15550100");
  for (const to of [
    "911",
    "tel:911",
    "http://example.com",
    "sip:a@b\r\nX: y",
    "sip:a@b?Replaces=1",
    `sip:${"a".repeat(300)}@b`,
  ])
    expect(schema.transfer.safeParse({ to }).success, to).toBe(false);
});

const present = (...people: [string, RoomParticipant["kind"]][]) =>
  people.map(([identity, kind]) => ({ identity, kind }) as RoomParticipant);

function livekit(people: RoomParticipant[], failure?: ParleyError) {
  const handed: string[][] = [];
  return {
    handed,
    rooms: {
      listParticipants: async () => people,
      listRooms: async () => [],
      deleteRoom: async () => undefined,
      createDispatch: async () => ({ dispatchId: "" }),
    },
    async transferCaller(...args: string[]) {
      handed.push(args);
      if (failure) throw failure;
    },
  };
}

test("the one telephone caller is transferred, of several the one that is named", async () => {
  const one = livekit(present(["sip_1", "sip"], ["ann", "standard"], ["agent-x", "agent"]));
  expect(await transferCaller(one, "r", { to: "tel:+15550100" })).toBe("sip_1");
  expect(one.handed).toEqual([["r", "sip_1", "tel:+15550100"]]);
  const two = livekit(present(["sip_1", "sip"], ["sip_2", "sip"]));
  await expect(transferCaller(two, "r", { to: "tel:+15550100" })).rejects.toMatchObject({
    status: 409,
    code: "several-callers",
    message: expect.stringContaining("sip_1, sip_2"),
  });
  expect(await transferCaller(two, "r", { to: "tel:+15550100", participantId: "sip_2" })).toBe("sip_2");
});

test.each([
  ["refused", "livekit-not-found", 409, "not-a-phone-call"],
  ["provider", "livekit-request-failed", 502, "transfer-failed"],
] as const)("a transfer that LiveKit answers with %s is told as such", async (category, code, status, told) => {
  const failing = livekit(present(["sip_1", "sip"]), new ParleyError("no", { code, category }));
  await expect(transferCaller(failing, "r", { to: "tel:+15550100" })).rejects.toMatchObject({ status, code: told });
});
