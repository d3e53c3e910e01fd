import { ParticipantKind, type RemoteParticipant } from "@livekit/rtc-node";
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

function granted(...arrivals: RemoteParticipant[]): string[] {
  const grants = new ControlGrants();
  for (const arrival of arrivals) grants.joined(arrival);
  return [...grants.of("ann")];
}

it.each([
  ["what the token names", "say mute", ["say", "mute"]],
  ["nothing when it names nothing", undefined, []],
  ["nothing for an empty one", "", []],
  ["nothing that is no method", "say, everything * SAY setLanguage", ["setLanguage"]],
])("grants %s", (_what, control, methods) => {
  expect(granted(person(control))).toEqual(methods);
});

it("does not believe those who can write their own attributes, agents, or what is not told", () => {
  expect(granted(person("say", { canUpdateMetadata: true }))).toEqual([]);
  expect(granted(person("say", { kind: ParticipantKind.AGENT }))).toEqual([]);
  expect(granted(person("say", { permission: false }))).toEqual([]);
});

it("reads the attribute when somebody comes, and no later", () => {
  const grants = new ControlGrants();
  const ann = person(undefined);
  grants.joined(ann);
  ann.info.attributes["parley.control"] = "say";
  expect(grants.of("ann").size).toBe(0);
});

it("forgets who left, and who comes again under the name with less", () => {
  const grants = new ControlGrants();
  grants.joined(person("say"));
  grants.left("ann");
  expect(grants.of("ann").size).toBe(0);
  expect(granted(person("say"), person(undefined))).toEqual([]);
});
