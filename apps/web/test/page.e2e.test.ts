import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { at, launchBrowser, type MicrophoneKind, openPage } from "./browser.ts";
import { buildPage } from "./build-page.ts";
import { type PageServer, servePage } from "./page-server.ts";

let built: Awaited<ReturnType<typeof buildPage>>;
let server: PageServer;
const browsers = new Map<MicrophoneKind, Browser>();
const opened: (() => Promise<void>)[] = [];

beforeAll(async () => {
  built = await buildPage();
});
afterAll(async () => {
  for (const browser of browsers.values()) await browser.close();
  await built.remove();
});
beforeEach(async () => {
  server = await servePage(built.folder);
});
afterEach(async () => {
  try {
    for (const close of opened.splice(0)) await close();
  } finally {
    await server.close();
  }
});

async function open(
  options: { microphone?: MicrophoneKind; path?: string } & BrowserContextOptions = {},
): Promise<Page> {
  const { microphone = "fake", path = "", ...context } = options;
  const browser = browsers.get(microphone) ?? (await launchBrowser(microphone));
  browsers.set(microphone, browser);
  const { page, close } = await openPage(browser, server.url + path, context);
  opened.push(close);
  return page;
}

/** Waits for the error with this code. */
const error = (page: Page, code: string) =>
  at(page, "error")
    .and(page.locator(`[data-code="${code}"]`))
    .waitFor();
const heading = (page: Page) => page.locator("h1").textContent();

describe("before a call", () => {
  it("says who picks up, and that a demonstration has no language model", async () => {
    const page = await open();
    await at(page, "talk-button").waitFor();
    expect(await heading(page)).toBe("The Garden Cafe");
    expect(await at(page, "demo-note").textContent()).toContain("without a language model");
    expect(await at(page, "demo-note").textContent()).toContain("Tell me the story of the shop");
  });

  it("asks for a token with the agent that was chosen and the name that was given", async () => {
    const page = await open();
    await page.getByText("The Concierge").click();
    expect(await heading(page)).toBe("The Concierge");
    expect(await at(page, "demo-note").count()).toBe(0);
    await at(page, "name-input").fill("Ada");
    await at(page, "talk-button").click();
    await error(page, "server-away");
    expect(server.tokenRequests).toEqual([
      { participant_name: "Ada", room_config: { agents: [{ agent_name: "concierge" }] } },
    ]);
  });

  it("begins with the agent that the address names", async () => {
    const page = await open({ path: "?agent=concierge" });
    await at(page, "talk-button").waitFor();
    expect(await heading(page)).toBe("The Concierge");
  });

  it("shows the level of the microphone only when asked to, and its name once allowed", async () => {
    const page = await open();
    const level = () => at(page, "mic-level").getAttribute("data-level").then(Number);
    await at(page, "talk-button").waitFor();
    expect(await level()).toBe(0);
    await at(page, "mic-check").click();
    await expect.poll(level, { timeout: 20_000 }).toBeGreaterThan(0.2);
    await expect.poll(() => at(page, "mic-select").locator("option").count()).toBeGreaterThan(1);
    await at(page, "mic-check").click();
    await expect.poll(level).toBe(0);
  });

  it("remembers the microphone and the name over a reload", async () => {
    const page = await open();
    await at(page, "mic-check").click();
    await expect.poll(() => at(page, "mic-select").locator("option").count()).toBeGreaterThan(1);
    await at(page, "mic-select").selectOption({ index: 1 });
    const chosen = await at(page, "mic-select").inputValue();
    await at(page, "name-input").fill("Ada");
    await at(page, "talk-button").click();
    await error(page, "server-away");
    await page.reload();
    await expect.poll(() => at(page, "name-input").inputValue()).toBe("Ada");
    await expect.poll(() => at(page, "mic-select").inputValue()).toBe(chosen);
    expect(chosen).not.toBe("");
  });
});

describe("what can go wrong", () => {
  it("no microphone: says so, and goes on without one", async () => {
    const page = await open({ microphone: "none" });
    await at(page, "talk-button").click();
    await error(page, "no-microphone");
    expect(await heading(page)).toBe("No microphone found");
    await at(page, "type-button").click();
    // It asked for a token again and got as far as the LiveKit that isn't there: the microphone no longer matters.
    await error(page, "server-away");
    expect(server.tokenRequests).toHaveLength(2);
  });

  it("a denied microphone: says where to allow it, in the call and in the check", async () => {
    const page = await open({ microphone: "denied" });
    await at(page, "mic-check").click();
    await error(page, "microphone-denied");
    await at(page, "talk-button").click();
    await at(page, "retry-button").waitFor();
    await error(page, "microphone-denied");
    expect(await at(page, "error").textContent()).toContain("site settings");
    await at(page, "back-button").click();
    await at(page, "talk-button").waitFor();
  });

  it("a server that is away when the page opens: retry brings the page back", async () => {
    server.api.config = "away";
    const page = await open();
    await error(page, "server-away");
    expect(await at(page, "talk-button").count()).toBe(0);
    server.api.config = "ready";
    await at(page, "retry-button").click();
    await at(page, "talk-button").waitFor();
  });

  it("a server that is away when the page opens: the page comes back by itself too", async () => {
    server.api.config = "away";
    const page = await open();
    await error(page, "server-away");
    server.api.config = "ready";
    await at(page, "talk-button").waitFor({ timeout: 15_000 });
  });

  it("a server that went away before the call: one can try again", async () => {
    server.api.token = "away";
    const page = await open();
    await at(page, "talk-button").click();
    await error(page, "server-away");
    // Chromium itself repeats a request whose connection was cut, so only what the click adds counts.
    const asked = server.tokenRequests.length;
    await at(page, "retry-button").click();
    await expect.poll(() => server.tokenRequests.length).toBeGreaterThan(asked);
  });

  it("a refused token: says so, and reloads", async () => {
    server.api.token = 403;
    const page = await open();
    await at(page, "talk-button").click();
    await error(page, "token-refused");
    await at(page, "retry-button").click();
    await at(page, "talk-button").waitFor();
  });
});

describe("looks", () => {
  const background = (page: Page) => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);

  it("follow the system's theme, and the person's over it, also after a reload", async () => {
    const page = await open({ colorScheme: "dark" });
    const dark = await background(page);
    await page.emulateMedia({ colorScheme: "light" });
    const light = await background(page);
    expect(light).not.toBe(dark);

    await at(page, "theme-toggle").click();
    expect(await background(page)).toBe(dark);
    await page.reload();
    expect(await background(page)).toBe(dark);

    await at(page, "theme-toggle").click();
    expect(await background(page)).toBe(light);
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await background(page)).toBe(dark);
  });

  it.each([320, 390, 1280])("fit a screen %i px wide, with Talk in sight", async (width) => {
    const height = width > 1_000 ? 720 : 844;
    const page = await open({ viewport: { width, height } });
    await at(page, "talk-button").waitFor();
    const box = await at(page, "talk-button").boundingBox();
    expect(box!.y + box!.height).toBeLessThanOrEqual(height);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
  });

  it("stand still for those who ask for it", async () => {
    const transition = (page: Page) =>
      at(page, "talk-button").evaluate((button) => getComputedStyle(button).transitionDuration);
    const calm = await open({ reducedMotion: "reduce" });
    await at(calm, "talk-button").waitFor();
    expect(await transition(calm)).toBe("0s");
    await calm.emulateMedia({ reducedMotion: "no-preference" });
    expect(await transition(calm)).not.toBe("0s");
  });
});

it("works by keyboard alone, from the first field to trying again", async () => {
  server.agents = server.agents.slice(0, 1);
  server.api.token = 503;
  const page = await open();
  await at(page, "talk-button").waitFor();
  const focused = () => page.evaluate(() => (document.activeElement as HTMLElement).dataset.testid ?? "");
  const order: string[] = [];
  for (let step = 0; step < 5; step += 1) {
    await page.keyboard.press("Tab");
    order.push(await focused());
  }
  expect(order).toEqual(["theme-toggle", "talk-button", "mic-select", "mic-check", "name-input"]);
  const outline = await at(page, "name-input").evaluate((field) => getComputedStyle(field).outlineStyle);
  expect(outline).toBe("solid");

  await page.keyboard.type("Ada");
  await page.keyboard.press("Enter");
  await error(page, "server-away");
  // The new view's heading has the focus, so the next stop is what to do about it.
  expect(await page.evaluate(() => document.activeElement?.tagName)).toBe("H1");
  await page.keyboard.press("Tab");
  expect(await focused()).toBe("retry-button");
  await page.keyboard.press("Enter");
  await expect.poll(() => server.tokenRequests.length).toBe(2);
});

it("hosted elsewhere, asks the backend and the LiveKit that it was built for", async () => {
  const elsewhere = await buildPage({ VITE_BACKEND_URL: server.url, VITE_LIVEKIT_URL: "ws://127.0.0.1:10/mine" });
  const host = await servePage(elsewhere.folder);
  host.api.config = "away";
  try {
    const browser = browsers.get("fake") ?? (await launchBrowser("fake"));
    browsers.set("fake", browser);
    const { page, close } = await openPage(browser, host.url);
    opened.push(close);
    const sockets: string[] = [];
    page.on("websocket", (socket) => sockets.push(socket.url()));
    await at(page, "talk-button").click();
    await error(page, "server-away");
    expect(host.tokenRequests).toEqual([]);
    expect(server.tokenRequests).toHaveLength(1);
    expect(sockets.length).toBeGreaterThan(0);
    expect(sockets.every((url) => url.startsWith("ws://127.0.0.1:10/mine/"))).toBe(true);
  } finally {
    await host.close();
    await elsewhere.remove();
  }
});
