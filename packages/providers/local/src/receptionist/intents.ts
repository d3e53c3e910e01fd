/** What a caller may want. `unclear`: none of these. */
export type Intent =
  | "cancel"
  | "goodbye"
  | "repeat"
  | "identity"
  | "help"
  | "story"
  | "order"
  | "change"
  | "book"
  | "hours"
  | "place"
  | "how-are-you"
  | "thanks"
  | "greeting"
  | "yes"
  | "no"
  | "unclear";

/** First match wins: the particular before the general ("cancel my booking" before "booking"). */
const RULES: readonly [Intent, RegExp][] = [
  ["repeat", /\b(repeat|say (that|it) again|come again|once more|pardon|what did you say|didnt (hear|get|catch))\b/],
  ["cancel", /\b(cancel|never ?mind|forget (it|about it|that)|start over|scrap that)\b/],
  [
    "goodbye",
    /\b(good ?bye|bye|hang up|end the call|see you|talk to you later|thats (all|it|everything)|that (is|will be|would be) (all|it|everything)|nothing else|have a (nice|good) (day|evening|one))\b/,
  ],
  [
    "identity",
    /\b(who are you|whats your name|what is your name|who am i (talking|speaking) (to|with)|what are you|are you (a |an )?(real|robot|human|person|machine|computer|bot|ai|recording))\b/,
  ],
  [
    "story",
    /\b(story|history|how did (it|you|the \w+|this \w+) (all )?(start|begin)|tell me (something |more )?about)\b/,
  ],
  ["order", /\b(orders?|ordered|package|parcel|delivery|deliver(ed)?|shipment|tracking)\b/],
  ["change", /\b(change|move|reschedule|wrong)\b/],
  ["book", /\b(book|booking|reserve|reservation|table|appointment)\b/],
  ["hours", /\b(open|opens|opening|close|closes|closed|closing|hours)\b/],
  [
    "place",
    /\b(where (are|is|can i find) (you|the|your)|address|located|location|how do i get (there|to you)|directions)\b/,
  ],
  ["help", /\b(help|what can (you|i) (do|ask|say)|what are my options|how does this work)\b/],
  ["how-are-you", /\bhow (are you|is it going|do you do)\b/],
  ["no", /\b(no|nope|nah|not really|not (quite|right|correct)|isnt right|incorrect)\b/],
  [
    "yes",
    /\b(yes|yeah|yep|sure|correct|right|exactly|ok|okay|fine|perfect|please do|go ahead|sounds good|that works|of course|absolutely)\b/,
  ],
  ["thanks", /\b(thanks|thank you|cheers)\b/],
  ["greeting", /\b(hello|hi|hey|good (morning|afternoon|evening|day))\b/],
];

export function intentOf(tokens: readonly string[]): Intent {
  const text = tokens.join(" ");
  return RULES.find(([, pattern]) => pattern.test(text))?.[0] ?? "unclear";
}
