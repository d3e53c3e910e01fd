import { EventEmitter } from "node:events";
import type { CallRoom } from "../src/environment.ts";

type Stream = AsyncIterable<string> & {
  info: { id: string; attributes: Record<string, string> };
  withAbortSignal(signal: AbortSignal): AsyncIterable<string>;
  readAll(): Promise<string>;
};

/** A text stream as livekit-client hands it out; its chunks come when the test says so. */
function fakeStream(id: string, attributes: Record<string, string>) {
  const chunks: string[] = [];
  let open = true;
  let wake = () => {};
  async function* read(signal?: AbortSignal): AsyncGenerator<string> {
    signal?.addEventListener("abort", () => wake());
    for (;;) {
      const chunk = chunks.shift();
      if (signal?.aborted) throw new DOMException("aborted", "AbortError");
      if (chunk !== undefined) yield chunk;
      else if (!open) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  const info = { id, attributes: { ...attributes } };
  const stream: Stream = {
    info,
    withAbortSignal: (signal) => read(signal),
    async readAll() {
      let text = "";
      for await (const chunk of read()) text += chunk;
      return text;
    },
    [Symbol.asyncIterator]: () => read(),
  };
  return {
    stream,
    write(text: string) {
      chunks.push(text);
      wake();
    },
    end(trailer: Record<string, string> = {}) {
      Object.assign(info.attributes, trailer);
      open = false;
      wake();
    },
  };
}

export interface FakeParticipant {
  identity: string;
  name: string;
  isAgent: boolean;
  attributes: Record<string, string>;
  audioTrackPublications: Map<string, unknown>;
}

export function fakeParticipant(identity: string, patch: Partial<FakeParticipant> = {}): FakeParticipant {
  return { identity, name: "", isAgent: true, attributes: {}, audioTrackPublications: new Map(), ...patch };
}

/** Stands in for livekit-client's Room: what a test tells it to happen, happens at once. */
export class FakeRoom extends EventEmitter {
  name = "room-1";
  canPlaybackAudio = true;
  isRecording = false;
  soundStarts = 0;
  disconnects = 0;
  connectedTo: { url: string; token: string } | null = null;
  /** What connect() ends with. */
  onConnect: () => Promise<void> = async () => {};
  sendFails = false;
  readonly published: unknown[] = [];
  readonly sent: { text: string; topic: string | undefined }[] = [];
  readonly streamHandlers = new Map<string, (stream: Stream, sender: { identity: string }) => void>();
  readonly remoteParticipants = new Map<string, FakeParticipant>();
  readonly localParticipant = {
    identity: "caller-1",
    trackPublications: new Map<string, unknown>([["TR_mic", {}]]),
    publishTrack: async (track: unknown) => void this.published.push(track),
    sendText: async (text: string, options?: { topic?: string }) => {
      if (this.sendFails) throw new Error("no data channel");
      this.sent.push({ text, topic: options?.topic });
    },
  };

  async connect(url: string, token: string): Promise<void> {
    this.connectedTo = { url, token };
    await this.onConnect();
    this.emit("signalConnected");
  }
  async disconnect(): Promise<void> {
    this.disconnects += 1;
    this.emit("disconnected", 1);
  }
  async startAudio(): Promise<void> {
    this.soundStarts += 1;
    if (!this.canPlaybackAudio) throw new DOMException("not yet", "NotAllowedError");
    this.emit("audioPlaybackChanged");
  }
  registerTextStreamHandler(topic: string, handler: (stream: Stream, sender: { identity: string }) => void): void {
    this.streamHandlers.set(topic, handler);
  }
  unregisterTextStreamHandler(topic: string): void {
    this.streamHandlers.delete(topic);
  }

  agentJoins(participant = fakeParticipant("agent-1", { name: "Mira" })): FakeParticipant {
    this.remoteParticipants.set(participant.identity, participant);
    this.emit("participantConnected", participant);
    return participant;
  }
  agentSays(participant: FakeParticipant, state: string): void {
    participant.attributes["lk.agent.state"] = state;
    this.emit("participantAttributesChanged", { "lk.agent.state": state }, participant);
  }
  /** As the agent shows it; null: the attribute goes. */
  agentRecords(participant: FakeParticipant, recording: string | null): void {
    if (recording === null) delete participant.attributes["parley.recording"];
    else participant.attributes["parley.recording"] = recording;
    this.emit("participantAttributesChanged", { "parley.recording": recording ?? "" }, participant);
  }
  /** LiveKit's own recording of the room. */
  records(isRecording: boolean): void {
    this.isRecording = isRecording;
    this.emit("recordingStatusChanged", isRecording);
  }
  leaves(participant: FakeParticipant, reason?: number): void {
    this.remoteParticipants.delete(participant.identity);
    this.emit("participantDisconnected", participant, reason);
  }
  /** A stream arrives; the test writes to it. */
  opens(topic: string, sender: string, id: string, attributes: Record<string, string> = {}) {
    const fake = fakeStream(id, attributes);
    this.streamHandlers.get(topic)?.(fake.stream, { identity: sender });
    return fake;
  }
  /** A whole stream at once. */
  says(topic: string, sender: string, id: string, text: string, attributes: Record<string, string> = {}): void {
    const fake = this.opens(topic, sender, id, attributes);
    fake.write(text);
    fake.end();
  }
  listenerTotal(): number {
    const events = this.eventNames().reduce((sum, event) => sum + this.listenerCount(event), 0);
    return events + this.streamHandlers.size;
  }
  asRoom(): CallRoom {
    return this as unknown as CallRoom;
  }
}
