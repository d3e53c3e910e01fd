import { RpcError } from "@livekit/rtc-node";
import { ParleyError, type RemoteControl } from "@parley/engine";
import { virtualClock } from "@parley/testkit";
import { describe, expect, it } from "vitest";
import { silentLog } from "../log.ts";
import { type ControlMethod, controlMethods } from "../token/control.ts";
import { serveControl } from "./control-rpc.ts";
import type { RpcMethod } from "./rpc.ts";

/** The agent's side of the room: `ada` may do everything, `bob` may only speak through the agent, nobody else anything. */
function desk(target: Partial<RemoteControl> = {}) {
  const methods = new Map<string, RpcMethod>();
  const done: unknown[][] = [];
  const warnings: unknown[] = [];
  const grants: Record<string, readonly ControlMethod[]> = { ada: controlMethods, bob: ["say"] };
  const clock = virtualClock();
  const note =
    (what: string) =>
    (...args: unknown[]) =>
      void done.push([what, ...args]);
  serveControl(
    { registerRpc: (name, run) => methods.set(name, run), controlsOf: async (id) => new Set(grants[id] ?? []) },
    {
      say: note("say"),
      interrupt: (by) => done.push(["interrupt", by]) > 0,
      mute: note("mute"),
      setLanguage: note("setLanguage"),
      ...target,
    },
    { log: { ...silentLog, warn: (context: unknown) => warnings.push(context) }, clock },
  );
  const call = async (method: string, payload: unknown, who = "ada") =>
    JSON.parse(await methods.get(method)!(typeof payload === "string" ? payload : JSON.stringify(payload), who));
  return { call, done, warnings, clock, methods };
}

describe("control of a call over RPC", () => {
  it("does what a permitted participant asks for, in its name, and says what was done", async () => {
    const { call, done } = desk();
    expect(await call("parley.say", { text: " Hello. " })).toEqual({ accepted: true });
    expect(await call("parley.say", { text: "Hello.", interruptible: false }, "bob")).toEqual({ accepted: true });
    expect(await call("parley.interrupt", {})).toEqual({ interrupted: true });
    expect(await call("parley.interrupt", "")).toEqual({ interrupted: true });
    expect(await call("parley.mute", { muted: true })).toEqual({ muted: true });
    expect(await call("parley.setLanguage", { language: "PT-br" })).toEqual({ language: "pt-BR" });
    expect(done).toEqual([
      ["say", "Hello.", { interruptible: true, by: "participant:ada" }],
      ["say", "Hello.", { interruptible: false, by: "participant:bob" }],
      ["interrupt", "participant:ada"],
      ["interrupt", "participant:ada"],
      ["mute", true, "participant:ada"],
      ["setLanguage", "pt-BR", "participant:ada"],
    ]);
  });

  it.each([
    ["parley.mute", "bob"],
    ["parley.say", "eve"],
    ["parley.interrupt", "eve"],
    ["parley.mute", "eve"],
    ["parley.setLanguage", "eve"],
    ["parley.say", ""],
  ])("refuses %s to %s, whose token does not permit it", async (method, who) => {
    const { call, done } = desk();
    await expect(call(method, { text: "x" }, who)).rejects.toMatchObject({
      code: 403,
      data: '{"code":"control-not-permitted"}',
      message: expect.stringContaining(`control: ["${method.slice("parley.".length)}"]`),
    });
    expect(done).toEqual([]);
  });

  it.each([
    ["parley.say", "no JSON", "takes JSON"],
    ["parley.say", "[]", "payload"],
    ["parley.say", "null", "payload"],
    ["parley.say", {}, "text"],
    ["parley.say", { text: "  " }, "text"],
    ["parley.say", { text: "x".repeat(2_001) }, "2000"],
    ["parley.say", { text: "x", interruptible: "yes" }, "interruptible"],
    ["parley.say", { text: "x", by: "the boss" }, "by"],
    ["parley.interrupt", { now: true }, "now"],
    ["parley.mute", {}, "muted"],
    ["parley.mute", { muted: 1 }, "muted"],
    ["parley.setLanguage", { language: "English please" }, "BCP 47"],
    ["parley.setLanguage", { language: "" }, "BCP 47"],
    ["parley.setLanguage", { language: `en-${"x".repeat(40)}` }, "35"],
    ["parley.setLanguage", '{"language":"de","__proto__":{"x":1}}', "__proto__"],
  ])("refuses %s of %j and says what it takes", async (method, payload, problem) => {
    const { call, done } = desk();
    await expect(call(method, payload)).rejects.toMatchObject({
      code: 400,
      data: '{"code":"control-invalid"}',
      message: expect.stringContaining(problem),
    });
    expect(done).toEqual([]);
  });

  it("reads no payload that is too large", async () => {
    await expect(desk().call("parley.say", "x".repeat(8_193))).rejects.toMatchObject({ code: 413 });
  });

  it("keeps its messages within what LiveKit carries", async () => {
    const long = `Ärger mit ${"ü".repeat(300)}`;
    const { call } = desk({
      say: () => {
        throw new ParleyError(long, { code: "agent-muted", category: "refused" });
      },
    });
    const error = (await call("parley.say", { text: "x" }).catch((thrown: unknown) => thrown)) as Error;
    expect(Buffer.byteLength(error.message)).toBeLessThanOrEqual(256);
    expect(error.message).toMatch(/^Ärger mit ü+…$/);
  });

  it.each([
    ["agent-muted", 409],
    ["call-over", 409],
    ["language-unsupported", 422],
    ["too-much-to-say", 429],
  ])("passes on why the call refuses: %s", async (code, status) => {
    const { call } = desk({
      say: () => {
        throw new ParleyError("Not now.", { code, category: "refused" });
      },
    });
    await expect(call("parley.say", { text: "x" })).rejects.toMatchObject({
      code: status,
      message: "Not now.",
      data: JSON.stringify({ code }),
    });
  });

  it("tells nobody what is wrong inside", async () => {
    const { call } = desk({
      interrupt: () => {
        throw new Error("secret detail");
      },
    });
    // Left to the RPC layer, which answers with a general error.
    const error = await call("parley.interrupt", {}).catch((thrown: unknown) => thrown);
    expect(error).not.toBeInstanceOf(RpcError);
  });

  it("takes ten requests at once from each participant, then five a second", async () => {
    const { call, done, clock } = desk();
    const ask = (who = "ada") => call("parley.say", { text: "x" }, who).catch((error: { code: number }) => error.code);
    const answers = await Promise.all(Array.from({ length: 15 }, () => ask()));
    expect(answers.filter((answer) => answer === 429)).toHaveLength(5);
    expect(await ask("bob")).toEqual({ accepted: true });
    await clock.advance(1_000);
    expect(await Promise.all(Array.from({ length: 6 }, () => ask()))).toContain(429);
    expect(done).toHaveLength(10 + 1 + 5);
  });

  it("logs a stranger once, however often he asks", async () => {
    const { call, warnings } = desk();
    for (let n = 0; n < 50; n += 1) await call("parley.say", { text: "x" }, "eve").catch(() => {});
    expect(warnings).toEqual([{ participantId: "eve", method: "parley.say" }]);
    for (let n = 0; n < 300; n += 1) await call("parley.say", { text: "x" }, `eve${n}`).catch(() => {});
    expect(warnings).toHaveLength(256);
  });
});
