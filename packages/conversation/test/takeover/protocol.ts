/** What keeps the log of a call one log, whoever dies. A mutant does without one of these. */
export const protocol = {
  /** The server confirms what is stored, not what has come in. */
  ackFollowsStore: true,
  /** The server takes nothing from an owner that was replaced. */
  refusesOlderEpochs: true,
  /** A fact is known by epoch and seq: a new owner's fact is not taken for the old one's of that seq. */
  knowsFactsByEpoch: true,
  /** What lies behind a new owner's first fact is not part of the log any more. */
  cutsForeignTail: true,
  /** The server stores nothing behind a gap. */
  answersGaps: true,
  /** A new owner's later facts are sent only when its first are stored: nobody else knows where it begins. */
  firstBatchGoesAlone: true,
  /** What an older owner of the same machine has left is sent first. */
  olderFilesGoFirst: true,
  /** From the moment a call is given to another machine nothing of the older owners is taken. */
  fencesAtTakeover: true,
  /** The server gives epochs that a machine which is cut off can't reach by counting on. */
  leapsEpochs: true,
  /** A new owner has an epoch of its own, on the same machine too. */
  raisesEpoch: true,
  /** Copies are merged by epoch; the longer one may be longer by what a replaced owner wrote. */
  mergesCopies: true,
  /** Files of before a machine was given the call are not part of what it recovers. */
  forgetsFilesOfBefore: true,
  /** A line without its end was never acted on. */
  leavesTornLine: true,
  /** Decisions of a step that was cut are made again. */
  remakesDecisions: true,
};
export type Protocol = typeof protocol;
export type ProtocolMutant = keyof Protocol;

export const protocolMutants = Object.keys(protocol) as readonly ProtocolMutant[];

/** The protocol without one of its rules; null: whole. */
export function without(rule: string | null): Protocol {
  return rule === null ? protocol : { ...protocol, [rule]: false };
}
