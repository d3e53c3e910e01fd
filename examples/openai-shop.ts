import { defineAgent, tool } from "@parley/agent";
import { z } from "zod";

const stock: Record<string, { inStock: number; price: string }> = {
  umbrella: { inStock: 4, price: "19 euros" },
  raincoat: { inStock: 0, price: "79 euros" },
  boots: { inStock: 2, price: "55 euros" },
};

const lookUp = tool({
  name: "look_up_article",
  description: "Says whether an article is in stock and what it costs. Use it before you promise anything.",
  parameters: z.object({ article: z.string().describe("What the caller asks for, e.g. umbrella") }),
  readOnly: true,
  execute: ({ article }) => stock[article.toLowerCase()] ?? { error: `We do not sell ${article}.` },
});

const reserve = tool({
  name: "reserve_article",
  description: "Puts an article aside for the caller until tonight.",
  parameters: z.object({ article: z.string(), name: z.string().describe("The caller's name") }),
  async execute({ article, name }, { say }) {
    const entry = stock[article.toLowerCase()];
    if (!entry || entry.inStock === 0) return { reserved: false, because: "not in stock" };
    say("One moment, I put it aside for you.");
    entry.inStock--;
    return { reserved: true, article, name };
  },
});

const returns = defineAgent({
  name: "returns",
  instructions:
    "You take back what the Rain Shop has sold, within thirty days. Ask for the day and the article. Be brief.",
  greeting: "Returns desk, hello. What would you like to bring back?",
  stt: "openai",
  llm: "openai",
  tts: "openai",
});

const connect = tool({
  name: "connect_with_returns",
  description: "Connects the caller with the returns desk: for whoever wants to bring something back.",
  parameters: z.object({ why: z.string() }),
  async execute({ why }, { call }) {
    await call.transferTo("returns", { reason: why });
    return { connected: true };
  },
});

/** A shop's assistant on OpenAI, or on any server that speaks its protocol (OPENAI_BASE_URL). Needs OPENAI_API_KEY. */
export default defineAgent({
  name: "shop",
  title: "The Rain Shop",
  instructions: [
    "You answer the telephone of a small shop for rainy days. You sell umbrellas, raincoats and boots.",
    "Speak in one or two short sentences, as people do on the telephone. Never read out lists or symbols.",
    "Look an article up before you say that it is there, and reserve it only when the caller asks for it.",
  ].join("\n"),
  greeting: "The Rain Shop, good day. What can I do for you?",
  stt: "openai",
  llm: "openai",
  tts: "openai",
  tools: [lookUp, reserve, connect],
  colleagues: [returns],
});
