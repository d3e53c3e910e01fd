import type { Box } from "@parley/engine/sealing";
import { openText, sealText } from "../data-keys/sealed-text.ts";

interface Caller {
  from?: string | null | undefined;
  to?: string | null | undefined;
}

/** Who called whom, as it lies in the call's row. */
export function sealCaller<Row extends Caller>(box: Box | null, callId: string, row: Row): Row {
  return { ...row, ...each(row, (text, name) => sealText(box, text, `${callId}/${name}`)) };
}

/** A number whose key is gone is null. */
export function openCaller<Row extends Caller>(box: Box | undefined, callId: string, row: Row): Row {
  return { ...row, ...each(row, (text, name) => openText(box, text, `${callId}/${name}`)) };
}

function each(row: Caller, change: (text: string, name: "from" | "to") => string | null): Caller {
  const changed: Caller = {};
  for (const name of ["from", "to"] as const) {
    const text = row[name];
    if (typeof text === "string") changed[name] = change(text, name);
  }
  return changed;
}
