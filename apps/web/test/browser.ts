import { existsSync } from "node:fs";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const quiet = [
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** `fake`: beeps, allowed without asking. `denied`: there, but refused. `none`: no device at all. */
export type MicrophoneKind = "fake" | "denied" | "none";
/** A WAV file (48 kHz, mono, 16 bit) that is played once, from the moment the microphone opens. */
export interface MicrophoneFile {
  file: string;
}

const microphones: Record<MicrophoneKind, string[]> = {
  fake: ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"],
  denied: ["--use-fake-device-for-media-stream", "--deny-permission-prompts"],
  none: [],
};

function chromiumPath(): string {
  const { PARLEY_CHROMIUM } = process.env;
  const candidates = [PARLEY_CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
  const found = candidates.find((path) => path !== undefined && existsSync(path));
  if (!found)
    throw new Error("No Chromium was found: install it (apt install chromium) or name it in PARLEY_CHROMIUM.");
  return found;
}

export function launchBrowser(microphone: MicrophoneKind | MicrophoneFile): Promise<Browser> {
  const args =
    typeof microphone === "string"
      ? microphones[microphone]
      : [...microphones.fake, `--use-file-for-fake-audio-capture=${microphone.file}%noloop`];
  return chromium.launch({ executablePath: chromiumPath(), args: [...quiet, ...args] });
}

/** An element by its data-testid. */
export const at = (page: Page, testId: string) => page.locator(`[data-testid="${testId}"]`);

/** A page of its own, that fails the test on an exception in it. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
  /** Runs in the page before its own scripts. */
  before?: () => void,
) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  if (before) await context.addInitScript(before);
  const page = await context.newPage();
  const exceptions: Error[] = [];
  page.on("pageerror", (error) => exceptions.push(error));
  await page.goto(url);
  const close = async () => {
    await context.close();
    if (exceptions[0]) throw exceptions[0];
  };
  return { page, close };
}
