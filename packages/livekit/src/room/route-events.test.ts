import { expect, it } from "vitest";
import { silentLog } from "../log.ts";
import { forgetRoom, newRoom, rtcListenerCount } from "./route-events.ts";
import { type FfiEvent, ffiClient } from "./rtc-internals.ts";

interface Internals {
  onFfiEvent: (event: FfiEvent) => unknown;
  ffiHandle?: { handle: bigint };
  /** Where a Room that is not connected puts every event it gets. */
  preConnectEvents: FfiEvent[];
}

const client = ffiClient()!;
const roomEvent = (roomHandle: bigint) => ({ message: { case: "roomEvent", value: { roomHandle } } });

it("this version of rtc-node is built as the routing expects", () => {
  newRoom(silentLog);
  expect(client).not.toBeNull();
  expect(rtcListenerCount()).toBe(0);
});

it("a wait for one answer hears everything, until it is taken off", () => {
  const got: string[] = [];
  const listener = (event: FfiEvent) => event.message.case !== "logs" && got.push(event.message.case ?? "");
  client.on("ffi_event", listener);
  expect(rtcListenerCount()).toBe(1);
  client.emit("ffi_event", roomEvent(1n));
  client.emit("ffi_event", { message: { case: "audioStreamEvent", value: { streamHandle: 1n } } });
  client.emit("ffi_event", { message: { case: "connect", value: {} } });
  client.off("ffi_event", listener);
  client.emit("ffi_event", roomEvent(1n));
  expect(got).toEqual(["roomEvent", "audioStreamEvent", "connect"]);
  expect(rtcListenerCount()).toBe(0);
});

it("a failing listener, at once or in its promise, harms nobody", async () => {
  const got: string[] = [];
  const failing = () => {
    throw new Error("at once");
  };
  const rejecting = async () => {
    throw new Error("later");
  };
  const good = (event: FfiEvent) => event.message.case !== "logs" && got.push(event.message.case ?? "");
  for (const listener of [failing, rejecting, good]) client.on("ffi_event", listener);
  client.emit("ffi_event", roomEvent(1n));
  await new Promise(setImmediate);
  expect(got).toEqual(["roomEvent"]);
  for (const listener of [failing, rejecting, good]) client.off("ffi_event", listener);
});

it("a Room gets its own events only; one that connects also those of rooms that nobody knows", async () => {
  const [one, two, connecting] = [newRoom(silentLog), newRoom(silentLog), newRoom(silentLog)];
  const of = (made: typeof one) => made as unknown as Internals;
  of(one).ffiHandle = { handle: 1n };
  of(two).ffiHandle = { handle: 2n };
  for (const made of [one, two, connecting]) client.on("ffi_event", of(made).onFfiEvent);
  expect(rtcListenerCount()).toBe(3);
  const emitted = [roomEvent(1n), roomEvent(1n), roomEvent(2n), roomEvent(3n)];
  for (const event of emitted) client.emit("ffi_event", event);
  client.emit("ffi_event", { message: { case: "audioStreamEvent", value: { streamHandle: 1n } } });
  client.emit("ffi_event", { message: { case: "connect", value: {} } });
  await new Promise(setImmediate);
  const handles = (made: typeof one) =>
    of(made).preConnectEvents.map((event) => (event.message.value as { roomHandle: bigint }).roomHandle);
  expect(handles(one)).toEqual([1n, 1n]);
  expect(handles(two)).toEqual([2n]);
  expect(handles(connecting)).toEqual([3n]);
  for (const made of [one, two, connecting]) forgetRoom(made);
  client.emit("ffi_event", roomEvent(1n));
  await new Promise(setImmediate);
  expect(handles(one)).toHaveLength(2);
  expect(rtcListenerCount()).toBe(0);
});
