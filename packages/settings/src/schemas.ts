import { z } from "zod";

/** Settings that several programs read, and kinds of value: the message of each says what would be right. */

/** `what`, when given, says what the number is for. */
export function wholeNumber(least: number, most: number, what?: string) {
  const fix = `must be a whole number from ${least} to ${most}${what === undefined ? "" : ` (${what})`}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, { error: fix })
    .transform(Number)
    .refine((value) => value >= least && value <= most, { error: fix });
}

export const port = (what?: string) =>
  wholeNumber(0, 65_535, what === undefined ? "0 takes any free port" : `${what}; 0 takes any free port`);

/** A time-out, in ms. */
export const waitMs = (what: string) => wholeNumber(1, 3_600_000, `ms to wait for ${what}`);

export const liveKitUrl = z.url({
  protocol: /^(wss?|https?)$/,
  error: "must be the address of a LiveKit server, e.g. ws://127.0.0.1:7880 or wss://project.livekit.cloud",
});

const MOST_LIVEKIT_URLS = 8;

/** One address, or several of one LiveKit, separated by commas; the first is the preferred one. */
export const liveKitUrls = z
  .string()
  .transform((text) => text.split(",").map((url) => url.trim()))
  .pipe(
    z
      .array(liveKitUrl)
      .max(MOST_LIVEKIT_URLS, { error: `may name at most ${MOST_LIVEKIT_URLS} addresses, separated by commas` }),
  )
  .transform(([url, ...fallbackUrls]) => ({ url: url!, fallbackUrls }));

export const httpUrl = (what: string, example: string) =>
  z.url({ protocol: /^(wss?|https?)$/, error: `must be the address of ${what}, e.g. ${example}` });

/** PARLEY_DATA: where everything embedded and every call's file lives. */
export const dataFolder = z.string().default(".parley");

export const yesOrNo = (what: string) =>
  z.enum(["true", "false"], { error: `must be true or false (${what})` }).transform((text) => text === "true");

/** PARLEY_FILES_KEY: of call files and recordings, in base64; the first seals, all open. */
export const filesKeys = z
  .string()
  .transform((text) => text.split(",").map((key) => key.trim()))
  .refine((keys) => keys.every((key) => Buffer.from(key, "base64").length === 32), {
    error: "must be 32 bytes in base64 (openssl rand -base64 32), or several with commas between: the first seals",
  })
  .default([]);

/** PARLEY_RECORDING_BY: who makes the recordings of calls, on server and worker alike. */
export const recordingBy = z
  .enum(["agent", "egress", "off"], { error: "must be agent, egress (LiveKit's, run by you) or off" })
  .default("agent");

/** The same name as in every OpenTelemetry SDK. */
export const otlpEndpoint = z.url({
  protocol: /^https?$/,
  error: "must be the address of an OpenTelemetry collector without /v1/…, e.g. http://127.0.0.1:4318",
});

/** What a scraper of `/metrics` sends, on server and worker alike. */
export const metricsKey = z
  .string()
  .min(16, { error: "it must have at least 16 characters; make one with: openssl rand -base64 32" });
