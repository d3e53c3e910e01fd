export { startOpenAiServer } from "./server.ts";
export type {
  ChatReply,
  ChatRequest,
  OpenAiEndpoint,
  OpenAiFault,
  OpenAiServer,
  OpenAiServerOptions,
  RecordedRequest,
  Speech,
  SpeechRequest,
  TranscriptionRequest,
} from "./types.ts";
