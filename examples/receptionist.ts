import { defineAgent } from "@parley/agent";
import { receptionistPhrases } from "@parley/local";

/**
 * The demo: a cafe's receptionist that needs no key and no network. It answers by rules, not by a language model:
 * ask for the opening hours, book a table, ask after an order, or let it tell the story of the house.
 */
export default defineAgent({
  name: "receptionist",
  title: "The Garden Cafe",
  description: "Opening hours, a table, an order: a small receptionist that works by rules, without a language model.",
  demo: true,
  greeting: "Hello, this is the Garden Cafe. How can I help you?",
  stt: "local/pocketsphinx",
  llm: "local/receptionist",
  tts: "local/flite",
  // The local recogniser understands what it was told to expect, and little else.
  phrases: receptionistPhrases,
});
