import type { CallRoom } from "./environment.ts";
import type { RecordingState } from "./state.ts";

const recordingAttribute = "parley.recording";
const stateAttribute = "lk.agent.state";

/** The strongest first: of two agents in a room one may record, the other not. */
const shown = ["on", "asking", "paused"] as const;

/** Whether the call is recorded, followed over the agents that come and go; `known` is what was said of it last. */
export function recordingIn(room: CallRoom, known: RecordingState): RecordingState {
  // LiveKit's own recording of a room (Egress), whoever began it.
  if (room.isRecording) return "on";
  // Whoever takes the agent's place comes without any attribute, and shows all of them at once.
  const told = [...room.remoteParticipants.values()]
    .filter(({ isAgent, attributes }) => isAgent && (stateAttribute in attributes || recordingAttribute in attributes))
    .map(({ attributes }) => attributes[recordingAttribute] ?? "");
  if (told.length === 0) return known;
  return shown.find((state) => told.includes(state)) ?? "off";
}

/** Reports changes until the returned function is called. */
export function followRecording(room: CallRoom, changed: (recording: RecordingState) => void): () => void {
  let now: RecordingState = "off";
  const look = () => {
    const seen = recordingIn(room, now);
    if (seen === now) return;
    now = seen;
    changed(now);
  };
  const events = ["participantConnected", "participantDisconnected", "participantAttributesChanged"] as const;
  for (const event of events) room.on(event, look);
  room.on("recordingStatusChanged", look);
  look();
  return () => {
    for (const event of events) room.off(event, look);
    room.off("recordingStatusChanged", look);
  };
}
