import { AccessToken } from "livekit-server-sdk";
import { expect, it } from "vitest";
import type { SimulatedCaller } from "../caller/simulated-caller.ts";
import { silentLog } from "../log.ts";
import { closedAfterEach, keys, parties, sharedServer } from "../test/parties.ts";
import { serveControl } from "./control-rpc.ts";

const server = sharedServer();
const { agentIn, callerIn } = parties(closedAfterEach());

async function controlledAgent(room: string) {
  const { transport, sink } = await agentIn(server.url, room);
  const done: string[] = [];
  const target = {
    say: (text: string, { by }: { by: string }) => void done.push(`${by}: ${text}`),
    interrupt: (by: string) => done.push(`${by}: interrupt`) > 0,
    mute: (muted: boolean, by: string) => void done.push(`${by}: mute ${muted}`),
    setLanguage: (language: string, by: string) => void done.push(`${by}: ${language}`),
  };
  serveControl(transport, target, { log: silentLog });
  return { done, sink };
}

const ask = (caller: SimulatedCaller, method: string, payload: object) =>
  caller.room.localParticipant!.performRpc({
    destinationIdentity: "agent-x",
    method: `parley.${method}`,
    payload: JSON.stringify(payload),
  });

it("obeys whom our token permits, as far as it permits, and nobody else", async () => {
  const { done, sink } = await controlledAgent("controlled");
  const boss = await callerIn(server.url, "controlled", { identity: "boss", control: ["say", "mute"] });
  const guest = await callerIn(server.url, "controlled", { identity: "guest" });
  await sink.sees("participantJoined", "boss");
  await sink.sees("participantJoined", "guest");

  expect(await ask(boss, "say", { text: "Hello." })).toBe('{"accepted":true}');
  expect(await ask(boss, "mute", { muted: true })).toBe('{"muted":true}');
  await expect(ask(boss, "setLanguage", { language: "de" })).rejects.toMatchObject({ code: 403 });
  await expect(ask(boss, "say", { text: "" })).rejects.toMatchObject({
    code: 400,
    message: expect.stringContaining("parley.say takes"),
    data: '{"code":"control-invalid"}',
  });
  // His token does not let him write attributes.
  await guest.room
    .localParticipant!.setAttributes({ "parley.control": "say interrupt mute setLanguage" })
    .catch(() => {});
  for (const [method, payload] of [
    ["say", { text: "Hello." }],
    ["interrupt", {}],
    ["mute", { muted: true }],
    ["setLanguage", { language: "de" }],
  ] as const)
    await expect(ask(guest, method, payload)).rejects.toMatchObject({
      code: 403,
      data: '{"code":"control-not-permitted"}',
    });
  expect(done).toEqual(["participant:boss: Hello.", "participant:boss: mute true"]);
});

it("believes tokens that others minted with the key, unless their bearer can write his own attributes", async () => {
  const { done, sink } = await controlledAgent("foreign");
  const foreign = async (identity: string, canUpdateOwnMetadata?: boolean) => {
    const token = new AccessToken(keys.apiKey, keys.apiSecret, {
      identity,
      attributes: { "parley.control": "say interrupt mute setLanguage" },
    });
    token.addGrant({ roomJoin: true, room: "foreign", ...(canUpdateOwnMetadata ? { canUpdateOwnMetadata } : {}) });
    const caller = await callerIn(server.url, "foreign", { token: await token.toJwt() });
    await sink.sees("participantJoined", identity);
    return caller;
  };
  const operator = await foreign("operator");
  const writer = await foreign("writer", true);
  expect(await ask(operator, "interrupt", {})).toBe('{"interrupted":true}');
  await expect(ask(writer, "interrupt", {})).rejects.toMatchObject({ code: 403 });
  expect(done).toEqual(["participant:operator: interrupt"]);
});
