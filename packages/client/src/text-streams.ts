import type { TextStreamHandler } from "livekit-client";
import type { CallRoom } from "./environment.ts";
import type { TranscriptPiece } from "./transcript.ts";

/** Topics and attributes of LiveKit's agents: https://docs.livekit.io/agents/build/text/ */
const transcriptionTopic = "lk.transcription";
export const chatTopic = "lk.chat";
const finalAttribute = "lk.transcription_final";
const segmentAttribute = "lk.segment_id";
const trackAttribute = "lk.transcribed_track_id";

export interface IncomingMessage {
  id: string;
  who: "user" | "agent";
  participantId: string;
  text: string;
}

/** Whose words they are: the sender's, unless the transcript names a track of ours. */
function speakerOf(room: CallRoom, senderId: string, trackId?: string): Pick<TranscriptPiece, "who" | "participantId"> {
  const local = room.localParticipant;
  if (senderId === local.identity || (trackId !== undefined && local.trackPublications.has(trackId))) {
    return { who: "user", participantId: local.identity };
  }
  const sender = room.remoteParticipants.get(senderId);
  return { who: sender && !sender.isAgent ? "user" : "agent", participantId: senderId };
}

/**
 * Reads transcripts and chat of a room until the returned function is called. Both ways that agents send transcripts are
 * understood: a stream per update with the whole text, and one stream whose chunks add up.
 */
export function readTextStreams(
  room: CallRoom,
  listener: { transcript(piece: Omit<TranscriptPiece, "atMs">): void; message(message: IncomingMessage): void },
): () => void {
  const closing = new AbortController();
  let streams = 0;

  const onTranscription: TextStreamHandler = async (reader, sender) => {
    streams += 1;
    const streamOrder = streams;
    const attributes = () => reader.info.attributes ?? {};
    const segmentId = attributes()[segmentAttribute] ?? reader.info.id;
    const speaker = speakerOf(room, sender.identity, attributes()[trackAttribute]);
    let text = "";
    const report = (final: boolean) => {
      if (closing.signal.aborted) return;
      listener.transcript({ segmentId, streamOrder, ...speaker, text, final });
    };
    try {
      for await (const chunk of reader.withAbortSignal(closing.signal)) {
        text += chunk;
        report(false);
      }
      // Read again: a stream that adds up says only at its end that it is final.
      report(attributes()[finalAttribute] === "true");
    } catch {
      // The sender went away in mid-stream, or we did: what came so far stays as an interim.
    }
  };

  const onChat: TextStreamHandler = async (reader, sender) => {
    try {
      const text = await reader.readAll({ signal: closing.signal });
      if (closing.signal.aborted) return;
      listener.message({ id: reader.info.id, text, ...speakerOf(room, sender.identity) });
    } catch {
      // Half a message is no message.
    }
  };

  room.registerTextStreamHandler(transcriptionTopic, onTranscription);
  room.registerTextStreamHandler(chatTopic, onChat);
  return () => {
    if (closing.signal.aborted) return;
    closing.abort();
    room.unregisterTextStreamHandler(transcriptionTopic);
    room.unregisterTextStreamHandler(chatTopic);
  };
}
