import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { concat, encodeWav, resample, rms, toDb } from "@parley/audio";
import { historyOf } from "@parley/conversation";
import { pocketSphinxStt } from "@parley/local";
import { silence, speechClip } from "@parley/testkit";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { at, launchBrowser, openPage } from "./browser.ts";
import { type Product, startProduct } from "./product.ts";
import { recordAgent, recordedSound } from "./record-agent.ts";

const QUESTION = "What time do you open tomorrow?";
/** The microphone's file begins with the microphone: the greeting is let out first. */
const GREETING_MS = 9_000;

/** The whole product as `npm start` runs it, and a real browser whose microphone plays real speech. */
describe("a person talks to the demonstration agent on the page", () => {
  const folder = mkdtempSync(join(tmpdir(), "parley-voice-"));
  let product: Product;
  let browser: Browser;

  beforeAll(async () => {
    product = await startProduct(join(folder, "data"));
    const wav = join(folder, "question.wav");
    const question = await speechClip(QUESTION, { sampleRateHz: 48_000, voice: "rms" });
    const sound = concat([silence(GREETING_MS, 48_000), question, silence(60_000, 48_000)]);
    writeFileSync(wav, encodeWav(sound, 48_000));
    browser = await launchBrowser({ file: wav });
  });

  afterAll(async () => {
    await browser?.close();
    await product?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("is greeted, understood and answered; the answer sounds on the page, and its words are recognised", async () => {
    const { page, close } = await openPage(browser, product.url, {}, recordAgent);
    await at(page, "talk-button").click();
    const said = (who: string) =>
      page.locator(`[data-testid="transcript-entry"][data-who="${who}"][data-final="true"] > :last-child`);
    await said("user").first().waitFor({ timeout: 60_000 });
    // The answer may begin before its question is shown.
    const before = await recordedSound(page);
    const answerBegins = Math.max(0, before.samples.length - 1.5 * before.sampleRateHz);
    const understood = (await said("user").first().textContent()) ?? "";
    expect(words(understood)).toEqual(expect.arrayContaining(["open", "tomorrow"]));

    await expect.poll(() => said("agent").count(), { timeout: 60_000 }).toBeGreaterThanOrEqual(2);
    const answer = (await said("agent").nth(1).textContent()) ?? "";
    const { samples, sampleRateHz } = await recordedSound(page);
    const heard = resample(samples.slice(answerBegins), sampleRateHz, 16_000);
    expect(toDb(rms(heard))).toBeGreaterThan(-45);
    const recognised = words(await recognise(heard));
    const expected = words(answer).filter((word) => word.length > 2);
    const missing = expected.filter((word) => !recognised.includes(word));
    // Most of the words: a small recogniser listens to a small voice.
    expect(missing.length, `"${answer}" was heard as "${recognised.join(" ")}"`).toBeLessThan(expected.length / 2);

    await at(page, "leave-button").click();
    await close();
    // What the page showed is what the server stored of the call.
    const texts = async () =>
      historyOf(await product.facts()).map((message) => ("text" in message ? words(message.text).join(" ") : ""));
    await expect.poll(texts, { timeout: 30_000 }).toContainEqual(expect.stringContaining("open tomorrow"));
    expect((await texts()).some((text) => words(answer).join(" ").includes(text) && text !== "")).toBe(true);
  });
});

async function recognise(sound: Int16Array): Promise<string> {
  const stt = pocketSphinxStt({ timeoutMs: 120_000 });
  const { signal } = new AbortController();
  const phrases = ["we are open from nine in the morning until six in the evening", "we are closed on sunday"];
  const session = stt.open({ language: "en", phrases, signal });
  const utterance = session.utterance();
  for (let i = 0; i < sound.length; i += 320) utterance.push(sound.slice(i, i + 320));
  const { text } = await utterance.finish(signal);
  session.close();
  await stt.close?.();
  return text;
}

function words(text: string): string[] {
  return text.toLowerCase().match(/[a-z']+/g) ?? [];
}
