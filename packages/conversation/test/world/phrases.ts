import { between, type Dice, oneOf } from "./dice.ts";

const questions = ["What time do you open?", "Is there a table for two tonight?", "Stop.", "Thank you, goodbye."];
const unclear = ["I want to book a table", "no wait", "tomorrow evening at eight"];
const unfinished = ["I would like to", "well um", "and then,", "on Monday or"];
const backChannels = ["mhm", "yes", "okay", "I see"];

export interface Saying {
  text: string;
  understood: boolean;
}

/** What a recogniser makes of a stretch of speech. */
export function saying(roll: Dice): Saying {
  const kind = roll();
  if (kind < 0.4) return { text: oneOf(roll, questions), understood: true };
  if (kind < 0.55) return { text: oneOf(roll, unclear), understood: true };
  if (kind < 0.7) return { text: oneOf(roll, unfinished), understood: true };
  if (kind < 0.83) return { text: oneOf(roll, backChannels), understood: true };
  if (kind < 0.94) return { text: roll() < 0.2 ? "  " : "", understood: true };
  return { text: "", understood: false };
}

const letters = "abcdefghijklmnopqrstuvwxyz";

/** A sentence of words that occur nowhere else in the call, so that what was heard can be told word by word. */
export function sentence(roll: Dice, replyId: string, index: number): string {
  const words = between(roll, 1, 9);
  let text = "";
  for (let word = 0; word < words; word++) {
    if (word > 0) text += " ";
    text += `${replyId}s${index}w${word}${letters.slice(0, between(roll, 0, 9))}`;
  }
  return `${text}.`;
}
