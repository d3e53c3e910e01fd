import { vadConformance } from "../../../testkit/src/conformance/vad.ts";
import { energyVad } from "./energy.ts";

vadConformance("energyVad", () => energyVad());
