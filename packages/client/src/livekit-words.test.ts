import { ConnectionError, DisconnectReason, ParticipantEvent, RoomEvent, TrackEvent } from "livekit-client";
import { expect, it } from "vitest";
import { leftByItself } from "./agent-presence.ts";
import { endReasons } from "./session.ts";

// livekit-client is loaded late, so its names and numbers are written out in the source. They must be its own.
it("writes livekit-client's names and numbers as it does", () => {
  expect(leftByItself).toBe(DisconnectReason.CLIENT_INITIATED);
  expect(endReasons).toEqual({
    [DisconnectReason.DUPLICATE_IDENTITY]: "elsewhere",
    [DisconnectReason.PARTICIPANT_REMOVED]: "removed",
    [DisconnectReason.ROOM_DELETED]: "agent-left",
    [DisconnectReason.ROOM_CLOSED]: "agent-left",
  });
  expect(ConnectionError.notAllowed("", 401).reasonName).toBe("NotAllowed");
  expect(TrackEvent.Restarted).toBe("restarted");
  expect(ParticipantEvent.AttributesChanged).toBe("attributesChanged");
  expect([
    RoomEvent.AudioPlaybackStatusChanged,
    RoomEvent.ParticipantAttributesChanged,
    RoomEvent.SignalReconnecting,
    RoomEvent.SignalConnected,
    RoomEvent.MediaDevicesError,
  ]).toEqual([
    "audioPlaybackChanged",
    "participantAttributesChanged",
    "signalReconnecting",
    "signalConnected",
    "mediaDevicesError",
  ]);
});
