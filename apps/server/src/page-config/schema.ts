import { z } from "zod";

/** An agent as the talk page shows it. */
export const agentCard = z.object({
  /** Its dispatch name. */
  name: z.string().min(1),
  title: z.string(),
  description: z.string(),
  /** It works by rules, without a language model. */
  demo: z.boolean(),
});
export type AgentCard = z.infer<typeof agentCard>;

export const pageConfig = z.object({
  /** The first one comes when nobody in particular is asked for. */
  agents: z.array(agentCard),
  livekitUrl: z.string(),
  /** With it the page asks for tokens; null: no key is wanted, or the page is closed (PARLEY_TALK_PAGE). */
  publishableKey: z.string().nullable(),
  version: z.string(),
});
