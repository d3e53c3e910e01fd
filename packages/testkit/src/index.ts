export * from "./openai-server/index.ts";
