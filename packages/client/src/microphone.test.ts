import { beforeEach, describe, expect, it } from "vitest";
import { FakeBrowser } from "../test/fake-environment.ts";
import { createCall } from "./call.ts";
import type { BrowserCall } from "./options.ts";

let browser: FakeBrowser;
let call: BrowserCall;
const microphone = () => call.getSnapshot().microphone;
const settle = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  browser = new FakeBrowser();
  call = createCall({ tokenEndpoint: "/api/token" }, browser.environment());
});

describe("devices", () => {
  it("are listed without Chrome's aliases and kept up to date", async () => {
    const unsubscribe = call.subscribe(() => {});
    await settle();
    expect(microphone().devices).toEqual([
      { id: "mic-a", label: "Built-in" },
      { id: "mic-b", label: "Headset" },
    ]);
    browser.devices = browser.devices.slice(0, 2);
    browser.deviceEvents.emit("devicechange");
    await settle();
    expect(microphone().devices).toEqual([{ id: "mic-a", label: "Built-in" }]);
    unsubscribe();
  });

  it("the chosen one is used for the call", async () => {
    await call.chooseMicrophone("mic-b");
    await call.join();
    expect(browser.captures).toEqual([{ deviceId: { exact: "mic-b" }, buffered: true }]);
  });

  it("a chosen one that was unplugged gives way to the default", async () => {
    await call.chooseMicrophone("mic-z");
    let tries = 0;
    browser.capture = async () => {
      tries += 1;
      if (tries === 1) throw new DOMException("", "OverconstrainedError");
    };
    await call.join();
    expect(call.state.status).toBe("connected");
    expect(microphone()).toMatchObject({ chosenId: null, use: "live", error: null });
  });

  it("changes in mid-call, and goes back when the other can't be opened", async () => {
    await call.join();
    await call.chooseMicrophone("mic-b");
    expect(browser.track.devices).toEqual([{ exact: "mic-b" }]);
    await call.leave();

    await call.join();
    browser.track.deviceFails = true;
    await call.chooseMicrophone("mic-a");
    expect(microphone()).toMatchObject({ chosenId: "mic-b", error: { code: "microphone-busy" } });
    expect(browser.track.devices).toEqual([{ exact: "mic-a" }, { exact: "mic-b" }]);
  });
});

describe("checking", () => {
  it("opens it, shows its level, and closes it again", async () => {
    await call.checkMicrophone();
    expect(microphone().use).toBe("checking");
    expect(call.microphoneLevel()).toBe(0.5);
    call.stopCheckingMicrophone();
    expect(microphone().use).toBe("off");
    expect([browser.previewsOpen, browser.taps, browser.meters]).toEqual([0, 0, 0]);
  });

  it("ends when the call begins", async () => {
    await call.checkMicrophone();
    await call.join();
    expect(browser.previewsOpen).toBe(0);
    expect(microphone().use).toBe("live");
    call.stopCheckingMicrophone();
    expect(microphone().use).toBe("live");
  });

  it("that was overtaken by closing opens nothing", async () => {
    let allow = () => {};
    browser.capture = () => new Promise((resolve) => (allow = resolve));
    const checking = call.checkMicrophone();
    call.stopCheckingMicrophone();
    allow();
    await checking;
    expect(browser.previewsOpen).toBe(0);
    expect(microphone().use).toBe("off");
  });

  it("says what is wrong, and forgets it when it works again", async () => {
    browser.capture = () => Promise.reject(new DOMException("", "NotAllowedError"));
    await call.checkMicrophone();
    expect(microphone()).toMatchObject({ use: "off", error: { code: "microphone-denied" } });
    browser.capture = async () => {};
    await call.checkMicrophone();
    expect(microphone()).toMatchObject({ use: "checking", error: null });
  });
});

describe("muting", () => {
  it("before the call holds in the call", async () => {
    await call.setMuted(true);
    await call.join();
    expect(browser.track.isMuted).toBe(true);
    expect(call.microphoneLevel()).toBe(0);
    await call.setMuted(false);
    expect(browser.track.isMuted).toBe(false);
    expect(call.microphoneLevel()).toBe(0.5);
  });
});

it("measures the new track after the device restarted", async () => {
  await call.join();
  const before = browser.taps;
  browser.track.emit("restarted");
  expect(browser.taps).toBe(before);
});

it("reports a microphone that fails in mid-call without ending it", async () => {
  await call.join();
  browser.room.emit("mediaDevicesError", new DOMException("", "NotFoundError"), "audioinput");
  browser.room.emit("mediaDevicesError", new DOMException("", "NotReadableError"), "videoinput");
  expect(microphone().error?.code).toBe("no-microphone");
  expect(call.state.status).toBe("connected");
});
