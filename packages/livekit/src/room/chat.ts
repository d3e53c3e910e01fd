import type { LocalParticipant, Room, TextStreamReader } from "@livekit/rtc-node";
import type { Clock } from "@parley/engine";
import { type Log, messageOf } from "../log.ts";
import { bounded } from "./bounded.ts";

/** LiveKit's topic for chat, in and out. */
export const CHAT_TOPIC = "lk.chat";

const TIMEOUT_MS = 10_000;
const MAX_WAITING = 50;
const MAX_TEXT_LENGTH = 20_000;

/** Hands over each message of a person, whole. Longer ones are cut. */
export function receiveChat(
  room: Room,
  onMessage: (participantId: string, message: { id: string; text: string }) => void,
  clock: Clock,
  log: Log,
): void {
  const read = async (reader: TextStreamReader, participantId: string) => {
    try {
      const text = await bounded(clock, TIMEOUT_MS, "deliver a chat message", reader.readAll());
      if (text.trim() !== "")
        onMessage(participantId, { id: reader.info.streamId, text: text.slice(0, MAX_TEXT_LENGTH) });
    } catch (error) {
      log.warn({ participantId, error: messageOf(error) }, "a chat message did not arrive whole");
      void reader.close();
    }
  };
  room.registerTextStreamHandler(CHAT_TOPIC, (reader, { identity }) => void read(reader, identity));
}

/** Sends chat messages in order; never throws. */
export class ChatSender {
  readonly #participant: LocalParticipant;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #waiting: string[] = [];
  #sending = false;

  constructor(participant: LocalParticipant, clock: Clock, log: Log) {
    this.#participant = participant;
    this.#clock = clock;
    this.#log = log;
  }

  send(text: string): void {
    if (this.#waiting.length >= MAX_WAITING) {
      this.#log.warn({ waiting: MAX_WAITING }, "chat is not being taken: dropped a message");
      return;
    }
    this.#waiting.push(text);
    void this.#drain();
  }

  async #drain(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    for (let text = this.#waiting.shift(); text !== undefined; text = this.#waiting.shift()) {
      try {
        const sending = this.#participant.sendText(text, { topic: CHAT_TOPIC });
        await bounded(this.#clock, TIMEOUT_MS, "take a chat message", sending);
      } catch (error) {
        this.#log.warn({ error: messageOf(error) }, "a chat message could not be sent");
      }
    }
    this.#sending = false;
  }
}
