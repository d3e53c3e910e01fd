import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ToolContext } from "@parley/engine";
import { fakeVad } from "@parley/testkit";
import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { defineAgent, loadAgent, loadTools, resolveAgent, resolveAgents, tool } from "./index.ts";

const context = {} as ToolContext;

describe("defineAgent", () => {
  it.each([
    [{ name: "" }, /name/],
    [{ name: "a b" }, /name: 1 to 64 letters/],
    [{ name: "a", sst: "openai" }, /sst/],
    [{ name: "a", temperature: 9 }, /temperature/],
    [{ name: "a", behaviour: { endpointing: { minMs: -1 } } }, /behaviour\.endpointing\.minMs/],
    [{ name: "a", greeting: "Hello {{user.name}}" }, /\{\{user\.name\}\} is not known/],
    [{ name: "a", onEnter: "hello" }, /onEnter: must be a function/],
  ])("%o is refused with what is wrong with it", (options, message) => {
    expect(() => defineAgent(options as never)).toThrow(message);
  });

  it("refuses two tools of one name", () => {
    const one = tool({ name: "t", description: "", parameters: z.object({}), execute: () => 1 });
    expect(() => defineAgent({ name: "a", tools: [one, one] })).toThrow(/two tools are named t/);
  });
});

describe("intents", () => {
  const intents = [{ name: "book-table", description: "Wants a table." }];

  it("are told by a tool that only reads, and takes none but these", async () => {
    const { tools } = await resolveAgent(defineAgent({ name: "a", intents, vad: fakeVad() }), { env: {} });
    const [report] = tools;
    expect(report).toMatchObject({ name: "report_intent", readOnly: true });
    expect(report!.description).toContain("book-table: Wants a table.");
    expect(report!.parameters.properties).toMatchObject({ intent: { enum: ["book-table"] } });
    await expect(report!.execute({ intent: "other" }, context)).rejects.toThrow(/Invalid arguments/);
  });

  it("leave no other tool their name", () => {
    const own = tool({ name: "report_intent", description: "", parameters: z.object({}), execute: () => 1 });
    expect(() => defineAgent({ name: "a", intents, tools: [own] })).toThrow(/two tools are named report_intent/);
  });
});

describe("colleagues", () => {
  const vad = fakeVad();
  const night = defineAgent({ name: "night", vad });
  const billing = defineAgent({ name: "billing", vad, colleagues: [night] });
  const front = defineAgent({ name: "front", vad, colleagues: [billing, night] });

  it("are ready with the agent, and theirs, each once; itself first", async () => {
    const agents = await resolveAgents(front, { env: {} });
    expect(agents.map(({ name }) => name)).toEqual(["front", "billing", "night"]);
  });

  it("hear with one VAD where they name the same", async () => {
    const [one, two] = await resolveAgents(
      defineAgent({ name: "a", vad: "energy", colleagues: [defineAgent({ name: "b", vad: "energy" })] }),
      { env: {} },
    );
    expect(two?.vad).toBe(one.vad);
  });

  it("that need what is not there stop the start, by name", async () => {
    const needy = defineAgent({ name: "b", vad, llm: "openai" });
    const agent = defineAgent({ name: "a", vad, colleagues: [needy] });
    await expect(resolveAgents(agent, { env: {} })).rejects.toThrow(/OPENAI_API_KEY/);
  });

  it("are agents, and no two of one name", () => {
    expect(() => defineAgent({ name: "a", colleagues: [{ name: "b" }] as never })).toThrow(/colleagues.*defineAgent/);
    expect(() => defineAgent({ name: "night", colleagues: [billing] })).toThrow(/two agents are named night/);
  });
});

describe("tool", () => {
  const book = tool({
    name: "book",
    description: "Books",
    parameters: z.object({ people: z.int().min(1), day: z.string().default("today") }),
    execute: ({ people, day }) => `${people} on ${day}`,
  });

  it("shows the model a JSON schema, validates what it sends, fills in defaults", async () => {
    expect(book.parameters).toMatchObject({ type: "object", required: ["people"] });
    expect(await book.execute({ people: 2 }, context)).toBe("2 on today");
    await expect(book.execute({ people: "two" }, context)).rejects.toThrow(/Invalid arguments for book[\s\S]*people/);
    await expect(book.execute({ invalid: "{oops" }, context)).rejects.toThrow(/Invalid arguments/);
  });

  it("refuses parameters that are no object", () => {
    expect(() => tool({ name: "t", description: "", parameters: z.string(), execute: () => 1 })).toThrow(/z\.object/);
  });
});

describe("loadAgent", () => {
  const folder = mkdtempSync(join(tmpdir(), "parley-agent-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const file = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };

  it.each([
    ["missing.ts", null, /There is no agent file/],
    ["throws.mjs", "throw new Error('boom')", /throws\.mjs can't be loaded: boom/],
    ["empty.mjs", "export default {}", /has no agent: write/],
  ])("%s: says what is wrong", async (name, text, message) => {
    const path = text === null ? join(folder, name) : file(name, text);
    await expect(loadAgent(path)).rejects.toThrow(message);
  });
});

describe("loadTools", () => {
  const folder = mkdtempSync(join(tmpdir(), "parley-tools-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const file = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const one = (name: string) => `{ name: "${name}", description: "", parameters: {}, readOnly: true, execute() {} }`;

  it("takes what files export, and says which file has none, or one twice", async () => {
    const good = file("good.mjs", `export const tools = [${one("a")}, ${one("b")}]`);
    expect((await loadTools([good])).map(({ name }) => name)).toEqual(["a", "b"]);
    expect(await loadTools([])).toEqual([]);
    await expect(loadTools([file("none.mjs", "export const tools = [1]")])).rejects.toThrow(/none\.mjs has no tools/);
    const again = file("again.mjs", `export const tools = [${one("b")}]`);
    await expect(loadTools([good, again])).rejects.toThrow(/again\.mjs has a tool b/);
  });
});

describe("resolveAgent", () => {
  const vad = fakeVad();

  it("lists the known providers for an unknown name", async () => {
    const agent = defineAgent({ name: "a", stt: "opnai/whisper" });
    await expect(resolveAgent(agent, { env: {}, vad })).rejects.toThrow(
      /stt: "opnai\/whisper" is not known.*local\/pocketsphinx/,
    );
    const llm = defineAgent({ name: "a", llm: "local/gpt" });
    await expect(resolveAgent(llm, { env: {}, vad })).rejects.toThrow(/local\/receptionist/);
  });

  it("names the missing key, takes models from the environment where only the vendor is named", async () => {
    const agent = defineAgent({ name: "a", llm: "openai", tts: "openai/my-voice" });
    await expect(resolveAgent(agent, { env: {}, vad })).rejects.toThrow(/OPENAI_API_KEY is not set/);
    const env = { OPENAI_API_KEY: "k", OPENAI_LLM_MODEL: "my-model", OPENAI_BASE_URL: "http://127.0.0.1:1/v1" };
    const resolved = await resolveAgent(agent, { env, vad });
    expect(resolved.llm?.name).toBe("openai/my-model");
    expect(resolved.tts?.name).toBe("openai/my-voice");
    expect(resolved.spareTts?.name).toMatch(/^local\//);
  });

  it("asks for the review of turns only when the author has the hook", async () => {
    const plain = await resolveAgent(defineAgent({ name: "a" }), { env: {}, vad });
    const hooked = await resolveAgent(defineAgent({ name: "a", onUserTurnCompleted: () => {} }), { env: {}, vad });
    expect([plain.settings.reviewTurns, hooked.settings.reviewTurns]).toEqual([false, true]);
  });

  it("keeps a call's log open for onExit where the author has one, a little longer than it may take", async () => {
    const exitMs = async (definition: Partial<Parameters<typeof defineAgent>[0]>) =>
      (await resolveAgent(defineAgent({ name: "a", ...definition }), { env: {}, vad })).settings.closing.exitMs;
    const onExit = () => {};
    expect(await exitMs({})).toBe(0);
    expect(await exitMs({ onExit })).toBeGreaterThan(5_000);
    expect(await exitMs({ onExit, timeouts: { hookMs: 20_000 } })).toBeGreaterThan(20_000);
    expect(await exitMs({ behaviour: { closing: { exitMs: 9 } } })).toBe(0);
  });
});
