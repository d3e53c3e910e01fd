export { type AiSdkLlmOptions, aiSdkLlm, type SdkModel } from "./ai-sdk.ts";
