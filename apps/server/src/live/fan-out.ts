/** Tells the other replicas of the server that a call's log has grown: they read it from the store. */
export interface FanOut {
  /** Called once a batch; never waits, never throws. What is lost is caught up with the next one. */
  announce(callId: string, lastSeq: number): void;
  /** What other replicas announced; it may be told what it knows, too. */
  onAnnounced(heard: (callId: string, lastSeq: number) => void): void;
}

/** For a server that is alone. */
export const noFanOut: FanOut = {
  announce() {},
  onAnnounced() {},
};
