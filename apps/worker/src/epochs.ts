/** A room may ask for an agent again long after its first call ended; older calls are found on disk, or by the server. */
const MOST_CALLS = 10_000;

/** The last epoch of each recent call of this worker: a shipped file is gone, and its epoch must not come again. */
export interface Epochs {
  last(callId: string): number | undefined;
  began(callId: string, epoch: number): void;
}

export function rememberEpochs(most = MOST_CALLS): Epochs {
  const epochs = new Map<string, number>();
  return {
    last: (callId) => epochs.get(callId),
    began(callId, epoch) {
      epochs.delete(callId);
      epochs.set(callId, epoch);
      for (const oldest of epochs.keys()) {
        if (epochs.size <= most) break;
        epochs.delete(oldest);
      }
    },
  };
}
