import { tool } from "@parley/agent";
import { z } from "zod";

/**
 * Tools of code for agents that are made over HTTP (docs/agents-api.md), which name them:
 * parley worker --stored examples/shop-tools.ts
 */
export const tools = [
  tool({
    name: "opening_hours",
    description: "Says when the shop is open on a day of the week.",
    parameters: z.object({ day: z.string().describe("In English, e.g. monday") }),
    readOnly: true,
    execute: ({ day }) => (day.toLowerCase() === "sunday" ? "closed" : "from nine to six"),
  }),
];
