import { IceTransportType } from "@livekit/rtc-node";
import { expect, it } from "vitest";
import { rtcConfigOf } from "./ice.ts";

it("leaves everything to LiveKit unless something is set", () => {
  expect(rtcConfigOf(undefined)).toEqual({});
  expect(rtcConfigOf({ servers: [], relayOnly: false })).toEqual({});
});

it("names our servers, or none so that LiveKit's are taken", () => {
  const urls = ["turn:turn.example:3478?transport=udp", "turns:turn.example:443?transport=tcp"];
  const given = rtcConfigOf({ servers: [{ urls, username: "u", credential: "c" }], relayOnly: false }).rtcConfig;
  expect(given?.iceTransportType).toBe(IceTransportType.TRANSPORT_ALL);
  expect(given?.iceServers).toMatchObject([{ urls, username: "u", password: "c" }]);
  const relay = rtcConfigOf({ servers: [], relayOnly: true }).rtcConfig;
  expect(relay?.iceTransportType).toBe(IceTransportType.TRANSPORT_RELAY);
  expect(relay?.iceServers).toEqual([]);
});
