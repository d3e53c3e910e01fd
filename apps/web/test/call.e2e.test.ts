import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LiveKitServerProcess, mintAgentToken, mintToken, roomApi, startLiveKitServer } from "@parley/livekit";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { at, launchBrowser, type MicrophoneKind, openPage } from "./browser.ts";
import { buildPage } from "./build-page.ts";
import { type PageServer, servePage } from "./page-server.ts";
import { joinScriptedAgent, type ScriptedAgent } from "./scripted-agent.ts";

// The page in a real browser, on a real livekit-server, with an agent that does as it is told.
const keys = { apiKey: "testkey", apiSecret: "a-secret-for-tests-of-32-characters-or-more" };
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const slow = { timeout: 20_000 };

let built: Awaited<ReturnType<typeof buildPage>>;
let livekit: LiveKitServerProcess;
let dataDir: string;
let server: PageServer;
const browsers = new Map<MicrophoneKind, Browser>();
const closing: (() => Promise<unknown>)[] = [];
let rooms = 0;
/** Whether an agent comes to the rooms of this test. */
let dispatches = true;
let agents: ScriptedAgent[] = [];
let dispatching: Promise<void>[] = [];
let testEnds = new AbortController();

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "parley-web-"));
  livekit = await startLiveKitServer({ dataDir, port: 0, log: silent, ...keys });
  built = await buildPage();
});
afterAll(async () => {
  for (const browser of browsers.values()) await browser.close();
  await livekit.stop();
  await built.remove();
  await rm(dataDir, { recursive: true, force: true });
});
beforeEach(async () => {
  dispatches = true;
  agents = [];
  dispatching = [];
  testEnds = new AbortController();
  server = await servePage(built.folder);
  server.admit = async () => {
    rooms += 1;
    const room = `room-${rooms}`;
    if (dispatches) dispatching.push(dispatch(room));
    const token = await mintToken({ ...keys, room, identity: `caller-${rooms}`, name: "Ada" });
    return { server_url: livekit.url, participant_token: token };
  };
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  testEnds.abort();
  await Promise.all(dispatching);
  for (const agent of agents) await agent.hangUp();
  await server.close();
});

/** An agent comes when its caller is there, as LiveKit has it. */
async function dispatch(room: string): Promise<void> {
  const api = roomApi({ url: livekit.url, ...keys });
  while (!testEnds.signal.aborted) {
    if ((await api.listParticipants(room)).length > 0) {
      const token = await mintAgentToken({ ...keys, room, identity: `agent-${room}` });
      agents.push(await joinScriptedAgent(livekit.url, token));
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function open(options: { microphone?: MicrophoneKind; before?: () => void } & BrowserContextOptions = {}) {
  const { microphone = "fake", before, ...context } = options;
  const browser = browsers.get(microphone) ?? (await launchBrowser(microphone));
  browsers.set(microphone, browser);
  const { page, close } = await openPage(browser, server.url, context, before);
  closing.push(close);
  return page;
}

/** Presses Talk and waits until the agent listens. */
async function talk(page: Page): Promise<ScriptedAgent> {
  await at(page, "talk-button").click();
  await expect.poll(() => agents.length, slow).toBe(1);
  const agent = agents[0]!;
  agent.state("listening");
  await agentState(page, "listening");
  return agent;
}
const agentState = (page: Page, state: string) =>
  at(page, "agent-state")
    .and(page.locator(`[data-state="${state}"]`))
    .waitFor(slow);
const error = (page: Page, code: string) =>
  at(page, "error")
    .and(page.locator(`[data-code="${code}"]`))
    .waitFor(slow);

/** The transcript as the page shows it: who, final or not, and the words. */
const lines = (page: Page) =>
  at(page, "transcript-entry").evaluateAll((entries) =>
    entries.map((entry) => {
      const { who, final } = (entry as HTMLElement).dataset;
      return `${who} ${final === "true" ? "final" : "interim"}: ${entry.lastElementChild?.textContent}`;
    }),
  );

/** How loud the agent's sound is that the page plays, RMS of -1 to 1. */
const playedLoudness = (page: Page) =>
  page.evaluate(async () => {
    const element = document.querySelector<HTMLAudioElement>("audio[data-parley=agent-audio]");
    if (!element || element.paused || !(element.srcObject instanceof MediaStream)) return 0;
    const context = new AudioContext();
    const analyser = new AnalyserNode(context, { fftSize: 2_048 });
    context.createMediaStreamSource(element.srcObject).connect(analyser);
    await new Promise((resolve) => setTimeout(resolve, 150));
    const samples = new Float32Array(2_048);
    analyser.getFloatTimeDomainData(samples);
    await context.close();
    return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
  });

describe("a call", () => {
  it("goes both ways, shows what the agent does, and ends with what was said", async () => {
    const page = await open();
    const agent = await talk(page);
    await expect.poll(agent.loudness, slow).toBeGreaterThan(300);
    await expect.poll(() => at(page, "mic-level").getAttribute("data-level").then(Number), slow).toBeGreaterThan(0.2);

    await agent.transcript("user", "u1", "when are", false);
    await expect.poll(() => lines(page), slow).toEqual(["user interim: when are"]);
    await agent.transcript("user", "u1", "When are you open?", true);
    await expect.poll(() => lines(page), slow).toEqual(["user final: When are you open?"]);

    agent.state("thinking");
    await agentState(page, "thinking");
    agent.state("speaking");
    await agentState(page, "speaking");
    const quiet = agent.hum();
    await expect.poll(() => playedLoudness(page), slow).toBeGreaterThan(0.02);
    for (const text of ["From", "From nine", "From nine to"]) await agent.transcript("agent", "a1", text, false);
    await expect.poll(() => lines(page), slow).toContain("agent interim: From nine to");
    quiet();
    // Interrupted: cut to what was heard.
    await agent.transcript("agent", "a1", "From nine", true);
    await expect.poll(() => lines(page), slow).toEqual(["user final: When are you open?", "agent final: From nine"]);

    expect(await at(page, "call-timer").textContent()).toMatch(/^0:\d\d$/);
    await at(page, "leave-button").click();
    await at(page, "ended").waitFor();
    expect(await lines(page)).toEqual(["user final: When are you open?", "agent final: From nine"]);
    expect(await page.locator("audio").count()).toBe(0);
  });

  it("says whether it is recorded, in words, each announced once", async () => {
    const page = await open();
    const agent = await talk(page);
    const sign = at(page, "recording");
    expect(await sign.textContent()).toBe("");
    expect(await sign.getAttribute("role")).toBe("status");
    // What a screen reader announces: every change of the words.
    const announced = await sign.evaluateHandle((element) => {
      const texts: string[] = [];
      const note = () => {
        const text = element.textContent ?? "";
        if (text !== texts.at(-1)) texts.push(text);
        else texts.push(`${text} (again)`);
      };
      new MutationObserver(note).observe(element, { childList: true, characterData: true, subtree: true });
      return texts;
    });
    const says = async (text: string) => {
      await expect.poll(() => sign.textContent(), slow).toBe(text);
      expect(text === "" || (await sign.isVisible())).toBe(true);
    };
    agent.recording("asking");
    await says("Not recorded unless you agree");
    agent.recording("on");
    await says("This call is recorded");
    // Neither the agent's state nor the network's brings it anew.
    agent.state("thinking");
    await agentState(page, "thinking");
    await page.context().setOffline(true);
    await agentState(page, "reconnecting");
    await says("This call is recorded");
    await page.context().setOffline(false);
    await agentState(page, "thinking");
    agent.recording("paused");
    await says("Recording is paused");
    agent.recording("off");
    await says("No longer recorded");
    expect(await announced.jsonValue()).toEqual([
      "Not recorded unless you agree",
      "This call is recorded",
      "Recording is paused",
      "No longer recorded",
    ]);
  });

  it("takes typed messages, and shows the agent's", async () => {
    const page = await open();
    const agent = await talk(page);
    await at(page, "chat-input").fill("Do you have large print?");
    await at(page, "chat-send").click();
    await expect.poll(() => agent.messages, slow).toEqual(["Do you have large print?"]);
    expect(await at(page, "chat-input").inputValue()).toBe("");
    agent.chat("Yes: example.org/large");
    await expect.poll(() => at(page, "transcript-entry").count(), slow).toBe(2);
    expect((await lines(page))[1]).toContain("example.org/large");
  });

  it("is muted by button and by key, and what is muted isn't heard", async () => {
    const page = await open();
    const agent = await talk(page);
    await expect.poll(agent.loudness, slow).toBeGreaterThan(300);
    await at(page, "mute-button").click();
    await expect.poll(agent.loudness, slow).toBeLessThan(20);
    expect(await at(page, "mute-button").getAttribute("aria-pressed")).toBe("true");
    await page.locator("h1").focus();
    await page.keyboard.press("m");
    await expect.poll(agent.loudness, slow).toBeGreaterThan(300);
    await at(page, "chat-input").pressSequentially("mmm");
    expect(await at(page, "mute-button").getAttribute("aria-pressed")).toBe("false");
  });

  it("changes the microphone while it goes on", async () => {
    const page = await open();
    const agent = await talk(page);
    const options = at(page, "mic-select").locator("option");
    await expect.poll(() => options.count(), slow).toBeGreaterThan(2);
    await at(page, "mic-select").selectOption({ index: 2 });
    await expect.poll(agent.loudness, slow).toBeGreaterThan(300);
    expect(await at(page, "error").count()).toBe(0);
    expect(await at(page, "mic-select").inputValue()).not.toBe("");
  });

  it("can be had again, from an empty page and in another room", async () => {
    const page = await open();
    const agent = await talk(page);
    await agent.transcript("agent", "a1", "Hello", true);
    await expect.poll(() => lines(page), slow).toHaveLength(1);
    await at(page, "leave-button").click();
    await at(page, "talk-button").click();
    await expect.poll(() => agents.length, slow).toBe(2);
    const second = agents[1]!;
    second.state("listening");
    await agentState(page, "listening");
    expect(await lines(page)).toEqual([]);
  });

  it("works without a microphone: typed there, heard back", async () => {
    const page = await open({ microphone: "none" });
    await at(page, "talk-button").click();
    await error(page, "no-microphone");
    await at(page, "type-button").click();
    // Typed before an agent is there, it waits for one.
    await at(page, "call-timer").waitFor(slow);
    await at(page, "chat-input").fill("hello");
    await at(page, "chat-input").press("Enter");
    await expect.poll(() => agents.length, slow).toBe(1);
    const agent = agents[0]!;
    agent.state("listening");
    await agentState(page, "listening");
    expect(await at(page, "mute-button").count()).toBe(0);
    await expect.poll(() => agent.messages, slow).toEqual(["hello"]);
  });
});

describe("an end that is not ours", () => {
  it("an agent that hangs up ends the call", async () => {
    const page = await open();
    const agent = await talk(page);
    await agent.hangUp();
    await at(page, "ended").waitFor(slow);
    expect(await page.locator("h1").textContent()).toBe("The agent hung up");
  });

  it("an agent that never comes is said to be absent", async () => {
    dispatches = false;
    const page = await open();
    await at(page, "talk-button").click();
    await error(page, "agent-absent");
    expect(await page.locator("h1").textContent()).toBe("Nobody picked up");
  });

  it("a network that goes is waited for, and the call goes on", async () => {
    const page = await open();
    const agent = await talk(page);
    await page.context().setOffline(true);
    await agentState(page, "reconnecting");
    await page.context().setOffline(false);
    await agentState(page, "listening");
    await agent.transcript("agent", "a1", "Still here", true);
    await expect.poll(() => lines(page), slow).toEqual(["agent final: Still here"]);
  });
});

it("offers a click where the browser holds back the sound", async () => {
  const page = await open({
    // As browsers do on pages that nobody has clicked: playing is refused until the button is.
    before: () => {
      const play = HTMLMediaElement.prototype.play;
      let clicked = false;
      addEventListener(
        "click",
        (event) => {
          clicked ||= (event.target as HTMLElement).closest("[data-testid=hear-button]") !== null;
        },
        true,
      );
      HTMLMediaElement.prototype.play = function () {
        return clicked ? play.call(this) : Promise.reject(new DOMException("not yet", "NotAllowedError"));
      };
    },
  });
  const agent = await talk(page);
  await at(page, "hear-button").waitFor(slow);
  const quiet = agent.hum();
  await at(page, "hear-button").click();
  await at(page, "hear-button").waitFor({ state: "detached" });
  await expect.poll(() => playedLoudness(page), slow).toBeGreaterThan(0.02);
  quiet();
});
