import type { Participant, RemoteParticipant } from "livekit-client";
import type { CallRoom } from "./environment.ts";
import type { AgentState, OngoingCall } from "./state.ts";

const stateAttribute = "lk.agent.state";
/** An avatar's worker speaks for the agent; it isn't the agent. */
const onBehalfAttribute = "lk.publish_on_behalf";
/** livekit's DisconnectReason.CLIENT_INITIATED: it left because it wanted to. */
export const leftByItself = 1;
/** After a goodbye this long for another agent to take over. */
const handOverMs = 3_000;

const states: Record<string, AgentState> = {
  initializing: "connecting",
  listening: "listening",
  thinking: "thinking",
  speaking: "speaking",
  idle: "idle",
};

export interface Presence {
  agent: OngoingCall["agent"];
  agentState: AgentState;
}

function isAgent(participant: Participant): boolean {
  return participant.isAgent && participant.attributes[onBehalfAttribute] === undefined;
}

function stateOf(agent: RemoteParticipant): AgentState {
  const named = states[agent.attributes[stateAttribute] ?? ""];
  // An agent of another make may never tell its state: once it can be heard, it listens.
  return named ?? (agent.audioTrackPublications.size > 0 ? "listening" : "connecting");
}

/** Follows who the agent of a room is and what it does, until the returned `close` is called. */
export function followAgent(
  room: CallRoom,
  options: { absentAfterMs: number },
  listener: { changed(presence: Presence): void; absent(why: "never-came" | "left" | "lost"): void },
): { networkLost(): void; networkBack(): void; close(): void } {
  let agent: RemoteParticipant | null = null;
  let why: "never-came" | "left" | "lost" = "never-came";
  let timer: ReturnType<typeof setTimeout> | undefined;

  const wait = (afterMs: number) => {
    clearTimeout(timer);
    timer = setTimeout(() => listener.absent(why), afterMs);
  };
  const report = () => {
    const name = agent ? agent.name || agent.identity : "";
    listener.changed({
      agent: agent ? { id: agent.identity, name } : null,
      agentState: agent ? stateOf(agent) : "connecting",
    });
  };
  const look = () => {
    const inRoom = agent !== null && room.remoteParticipants.get(agent.identity) === agent;
    if (!inRoom) agent = [...room.remoteParticipants.values()].find(isAgent) ?? null;
    if (agent) clearTimeout(timer);
    report();
  };
  const onLeft = (participant: RemoteParticipant, reason?: number) => {
    if (participant !== agent) return;
    agent = null;
    why = reason === leftByItself ? "left" : "lost";
    wait(why === "left" ? handOverMs : options.absentAfterMs);
    look();
  };
  const onAttributes = (_changed: Record<string, string>, participant: Participant) => {
    if (participant === agent || (agent === null && isAgent(participant))) look();
  };

  room.on("participantConnected", look);
  room.on("participantDisconnected", onLeft);
  room.on("participantAttributesChanged", onAttributes);
  room.on("trackPublished", look);
  wait(options.absentAfterMs);
  look();

  return {
    networkLost: () => clearTimeout(timer),
    networkBack() {
      if (agent === null) wait(options.absentAfterMs);
      look();
    },
    close() {
      clearTimeout(timer);
      room.off("participantConnected", look);
      room.off("participantDisconnected", onLeft);
      room.off("participantAttributesChanged", onAttributes);
      room.off("trackPublished", look);
    },
  };
}
