import type { Message } from "../message.ts";

/** What a model is told besides, where several people speak. */
export const SEVERAL_SPEAKERS =
  "Several people are in this conversation. What each of them says begins with their name and a colon; these names are not spoken. Answer whoever spoke last, by name where it could be anybody, and never begin your own words with a name and a colon.";

/**
 * The messages with each speaker's name in front, and whether that was needed: with one speaker they stay as they are.
 * `names`: by participantId; who has none there is called by the id.
 */
export function withSpeakers(
  messages: readonly Message[],
  names: Readonly<Record<string, string>>,
): { messages: readonly Message[]; several: boolean } {
  const speakers = new Set(messages.flatMap((message) => (message.role === "user" ? [message.participantId] : [])));
  if (speakers.size < 2) return { messages, several: false };
  const labelled = messages.map((message) =>
    message.role === "user"
      ? { ...message, text: `${nameOf(message.participantId, names)}: ${message.text}` }
      : message,
  );
  return { messages: labelled, several: true };
}

const MOST_NAME = 60;

/** A name is what a stranger chose: it stays on its line, and short. */
function nameOf(participantId: string, names: Readonly<Record<string, string>>): string {
  const name = (names[participantId] ?? "").replaceAll(/[\s:]+/g, " ").trim();
  return (name === "" ? participantId : name).slice(0, MOST_NAME);
}
