// @vitest-environment happy-dom
import { act, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { beforeEach, expect, it } from "vitest";
import { FakeBrowser } from "../../test/fake-environment.ts";
import { createCall } from "../call.ts";
import type { BrowserCall } from "../options.ts";
import { useCall } from "./use-call.ts";

(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;

let browser: FakeBrowser;
let call: BrowserCall;

function Page({ call: given }: { call: BrowserCall }) {
  const { state, microphone, call: same } = useCall(given);
  const agent = state.status === "connected" ? state.agentState : "";
  return <p>{`${state.status} ${agent} ${microphone.muted ? "muted" : "open"} ${same === given}`}</p>;
}

beforeEach(() => {
  browser = new FakeBrowser();
  call = createCall({ tokenEndpoint: "/api/token" }, browser.environment());
});

it("renders every change, and hangs up and unsubscribes on unmount", async () => {
  const container = document.createElement("div");
  const root = createRoot(container);
  await act(async () =>
    root.render(
      <StrictMode>
        <Page call={call} />
      </StrictMode>,
    ),
  );
  expect(container.textContent).toBe("idle  open true");

  await act(async () => await call.join());
  await act(async () => browser.room.agentSays(browser.room.agentJoins(), "speaking"));
  await act(async () => await call.setMuted(true));
  expect(container.textContent).toBe("connected speaking muted true");
  expect(browser.deviceEvents.listenerCount("devicechange")).toBe(1);

  await act(async () => root.unmount());
  expect(call.state).toMatchObject({ status: "ended", reason: "left" });
  expect(browser.track.stopped).toBe(true);
  expect(browser.room.listenerTotal()).toBe(0);
  expect(browser.deviceEvents.listenerCount("devicechange")).toBe(0);
});
