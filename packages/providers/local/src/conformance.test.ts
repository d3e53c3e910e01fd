import { llmConformance, ttsConformance } from "@parley/testkit/conformance";
import { fliteTts, receptionistLlm } from "./index.ts";

ttsConformance("fliteTts", () => fliteTts());
llmConformance("receptionistLlm", () => receptionistLlm(), { answers: /open/ });
