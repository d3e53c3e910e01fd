import type { InstrumentName, LabelsOf, Measurement } from "../catalogue/index.ts";

/** One of `N`, checked against the catalogue. */
export function measured<N extends InstrumentName>(name: N, value: number, labels: LabelsOf<N>): Measurement {
  return { name, value, labels } as unknown as Measurement;
}
