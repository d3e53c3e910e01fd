import { sttConformance } from "@parley/testkit/conformance";
import { pocketSphinxStt } from "./stt.ts";

sttConformance("pocketSphinxStt", () => pocketSphinxStt(), { understands: /^yes please$/i, timeoutMs: 60_000 });
