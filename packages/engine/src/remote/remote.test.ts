import { describe, expect, it, vi } from "vitest";
import type { Clock } from "../ports/clock.ts";
import {
  garbageError,
  httpError,
  linkedAbort,
  networkError,
  type RemoteService,
  redact,
  safeCause,
  within,
} from "./index.ts";

const service: RemoteService = { stage: "tts", name: "acme/voice-1", model: "voice-1", url: "https://acme.test/v1" };

describe("a message", () => {
  it("names the service, the place and what to do", () => {
    const refused = httpError(service, { status: 404, body: '{"error":{"message":"no such model."}}' });
    expect(refused.message).toBe(
      'acme/voice-1 at https://acme.test/v1 knows no model "voice-1" (HTTP 404): no such model. Name another model, or check the base URL',
    );
    const broken = Object.assign(new Error("connect failed"), { code: "ECONNREFUSED" });
    expect(networkError(service, broken).message).toContain("connect failed (ECONNREFUSED)");
  });

  it("is no page of HTML, and no longer than one reads", () => {
    expect(httpError(service, { status: 502, body: "<html>…</html>" }).message).toMatch(/: a page of HTML$/);
    expect(httpError(service, { status: 400, body: "x".repeat(5000) }).message.length).toBeLessThan(400);
    expect(httpError(service, { status: 422, body: '{"detail":[{"loc":"voice"}]}' }).message).toContain(
      '"loc":"voice"',
    );
  });

  it("has no key in it, nor has its cause", () => {
    expect(redact("key topsecret, sk-proj-abc_DEF123, Bearer eyJhbGciOi", ["topsecret"])).toBe(
      "key [key], [key], [key]",
    );
    const request = { headers: { authorization: "Bearer topsecret" } };
    const cause = Object.assign(new Error("topsecret leaked", { cause: new Error("Bearer topsecret") }), { request });
    const clean = safeCause(cause, ["topsecret"]);
    expect(JSON.stringify([clean, clean.message, clean.stack, (clean.cause as Error).message])).not.toContain(
      "topsecret",
    );
    const error = garbageError({ ...service, secrets: ["topsecret"] }, "topsecret", cause);
    expect(error.message).not.toContain("topsecret");
    expect(error.cause).not.toHaveProperty("request");
  });

  it("says a redirect is a wrong base URL", () => {
    expect(httpError(service, { status: 301, body: "" })).toMatchObject({
      category: "configuration",
      retryable: false,
    });
  });
});

describe("within", () => {
  const timers: { delayMs: number; run: () => void; stopped: boolean }[] = [];
  const clock: Clock = {
    now: () => 0,
    wall: () => 0,
    after(delayMs, run) {
      const timer = { delayMs, run, stopped: false };
      timers.push(timer);
      return () => {
        timer.stopped = true;
      };
    },
  };
  const wait = (signal: AbortSignal) => ({
    clock,
    signal,
    timeoutMs: 50,
    timedOut: () => new Error("late"),
    cancelled: () => new Error("cancelled"),
  });

  it("leaves neither timer nor listener, however it ends", async () => {
    const scope = new AbortController();
    const added = vi.spyOn(scope.signal, "addEventListener");
    const removed = vi.spyOn(scope.signal, "removeEventListener");
    expect(await within(Promise.resolve(1), wait(scope.signal))).toBe(1);
    await expect(within(Promise.reject(new Error("no")), wait(scope.signal))).rejects.toThrow("no");
    const late = within(new Promise(() => {}), wait(scope.signal));
    timers.at(-1)?.run();
    await expect(late).rejects.toThrow("late");
    const cancelled = within(new Promise(() => {}), wait(scope.signal));
    scope.abort();
    await expect(cancelled).rejects.toThrow("cancelled");
    await expect(within(Promise.reject(new Error("unheard")), wait(scope.signal))).rejects.toThrow("cancelled");
    expect(added).toHaveBeenCalledTimes(4);
    expect(removed).toHaveBeenCalledTimes(4);
    expect(timers).toHaveLength(4);
    expect(timers.every((timer) => timer.stopped && timer.delayMs === 50)).toBe(true);
  });
});

it("a linked controller follows its signals until it is released", () => {
  const [a, b] = [new AbortController(), new AbortController()];
  const linked = linkedAbort(a.signal, b.signal);
  const released = linkedAbort(a.signal, b.signal);
  released.release();
  b.abort();
  expect(linked.signal.aborted).toBe(true);
  expect(released.signal.aborted).toBe(false);
  expect(linkedAbort(b.signal).signal.aborted).toBe(true);
});
