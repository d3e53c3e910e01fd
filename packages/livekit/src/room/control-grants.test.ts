import { ParticipantKind, type RemoteParticipant } from "@livekit/rtc-node";
import { virtualClock } from "@parley/testkit";
import { expect, it } from "vitest";
import { ControlGrants } from "./control-grants.ts";

function person(
  control: string | undefined,
  { canUpdateMetadata = false, kind = ParticipantKind.STANDARD, permission = true } = {},
): RemoteParticipant {
  const info = {
    attributes: control === undefined ? {} : { "parley.control": control },
    ...(permission ? { permission: { canUpdateMetadata } } : {}),
  };
  return { identity: "ann", kind, info } as unknown as RemoteParticipant;
}

async function granted(...arrivals: RemoteParticipant[]): Promise<string[]> {
  const grants = new ControlGrants(virtualClock());
  for (const arrival of arrivals) grants.joined(arrival);
  return [...(await grants.of("ann"))];
}

it.each([
  ["what the token names", "say mute", ["say", "mute"]],
  ["nothing when it names nothing", undefined, []],
  ["nothing for an empty one", "", []],
  ["nothing that is no method", "say, everything * SAY setLanguage", ["setLanguage"]],
])("grants %s", async (_what, control, methods) => {
  expect(await granted(person(control))).toEqual(methods);
});

it("does not believe those who can write their own attributes, agents, or what is not told", async () => {
  expect(await granted(person("say", { canUpdateMetadata: true }))).toEqual([]);
  expect(await granted(person("say", { kind: ParticipantKind.AGENT }))).toEqual([]);
  expect(await granted(person("say", { permission: false }))).toEqual([]);
});

it("reads the attribute when somebody comes, and no later", async () => {
  const grants = new ControlGrants(virtualClock());
  const ann = person(undefined);
  grants.joined(ann);
  ann.info.attributes["parley.control"] = "say";
  expect((await grants.of("ann")).size).toBe(0);
});

it("forgets who left, and who comes again under the name with less", async () => {
  const clock = virtualClock();
  const grants = new ControlGrants(clock);
  grants.joined(person("say"));
  grants.left("ann");
  expect((await clock.until(grants.of("ann"))).size).toBe(0);
  expect(await granted(person("say"), person(undefined))).toEqual([]);
});

it("waits for somebody who is heard of before he is seen, but not for ever, and not for nobody", async () => {
  const clock = virtualClock();
  const grants = new ControlGrants(clock);
  const early = grants.of("ann");
  await clock.advance(3_000);
  grants.joined(person("say"));
  expect([...(await early)]).toEqual(["say"]);

  const began = clock.now();
  expect((await clock.until(grants.of("eve"))).size).toBe(0);
  expect(clock.now() - began).toBe(5_000);
  expect((await grants.of("")).size).toBe(0);
  expect(clock.pending).toBe(0);
});

it("keeps no more than 32 waiting, and none when the call ends", async () => {
  const clock = virtualClock();
  const grants = new ControlGrants(clock);
  const waiting = Array.from({ length: 32 }, (_, n) => grants.of(`eve${n}`));
  expect(clock.pending).toBe(32);
  expect((await grants.of("one too many")).size).toBe(0);
  grants.close();
  expect((await Promise.all(waiting)).every((methods) => methods.size === 0)).toBe(true);
  expect(clock.pending).toBe(0);
});
