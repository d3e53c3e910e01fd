export { type AiSdkLlmOptions, aiSdkLlm } from "./ai-sdk.ts";
