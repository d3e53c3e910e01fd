/** What somebody says while the agent speaks. `say` is what flite is given where it reads the word otherwise. */
export interface Interjection {
  text: string;
  say?: string;
}

/** The agent is to stop for these. */
export const interruptions: readonly Interjection[] = [
  { text: "Stop." },
  { text: "No, wait." },
  { text: "Hold on please, I have another question." },
  { text: "That is not what I asked." },
  { text: "Actually I need something else." },
  { text: "Wait, wait, wait." },
  { text: "Can I ask you something?" },
  { text: "No, no, that is wrong." },
  { text: "Excuse me." },
  { text: "I want to speak to a person." },
  { text: "Sorry, what was that?" },
  { text: "Yes, but I only want the first one." },
  { text: "Okay, thank you, that is enough." },
  { text: "What about Sunday?" },
];

/** And go on over these. */
export const backChannels: readonly Interjection[] = [
  { text: "Mhm.", say: "um hum" },
  { text: "Mm.", say: "mmm" },
  { text: "Uh-huh.", say: "uh huh" },
  { text: "Yes." },
  { text: "Yeah." },
  { text: "Okay." },
  { text: "Okay, right." },
  { text: "I see." },
  { text: "Right." },
  { text: "Got it." },
  { text: "Sure." },
  { text: "Aha.", say: "ah ha" },
  { text: "Yes, okay." },
  { text: "Alright, good." },
];

export const REPLY =
  "We have several rooms that may suit you, and all of them look out over the old harbour. The small one on the second " +
  "floor has a balcony and costs ninety pounds a night, breakfast included. The larger one has two beds, a desk and a " +
  "bath, and it is on the quiet side of the house. If you like, I can keep one of them for you until tomorrow evening.";
