import type { FactSink } from "@parley/uplink";

/** The facts on their way into the store: those that say whether a call is recorded are told when they are stored. */
export function watchRecorded(facts: FactSink, changed: (callId: string) => void): FactSink {
  return {
    read: (callId, page) => facts.read(callId, page),
    async appendBatch(batch) {
      const result = await facts.appendBatch(batch);
      const concerns = batch.facts.some(({ type }) => type === "recording-changed" || type === "call-closed");
      if (concerns && result.status === "stored") changed(batch.callId);
      return result;
    },
  };
}
