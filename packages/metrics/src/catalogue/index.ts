import { commonInstruments } from "./both.ts";
import { callInstruments } from "./call.ts";
import type { Instrument } from "./instrument.ts";
import { serverInstruments } from "./server.ts";
import { workerInstruments } from "./worker.ts";

/** Everything that is measured, by name. */
export const instruments = {
  ...callInstruments,
  ...commonInstruments,
  ...workerInstruments,
  ...serverInstruments,
} as const satisfies Record<string, Instrument>;

export type InstrumentName = keyof typeof instruments;
type LabelOf<N extends InstrumentName> = (typeof instruments)[N]["labels"][number];
export type LabelsOf<N extends InstrumentName> = Readonly<Record<LabelOf<N>, string>>;

/** One thing measured: added to a counter, recorded in a histogram, or what a gauge shows now. */
export type Measurement = {
  [N in InstrumentName]: { name: N; value: number; labels: LabelsOf<N> };
}[InstrumentName];

export const instrumentOf = (name: InstrumentName): Instrument => instruments[name];
