import type { TransportSink } from "@parley/engine";
import { type Log, messageOf } from "../log.ts";

/** The same sink, whose failures are logged: one thrown into rtc-node would be lost in there, or end the process. */
export function guardSink(sink: TransportSink, log: Log): TransportSink {
  const failed = (callback: keyof TransportSink, error: unknown) =>
    log.error({ callback, error: messageOf(error) }, "the call failed on a report from the room");
  const guarded =
    <A extends unknown[]>(name: keyof TransportSink, call: (...args: A) => void) =>
    (...args: A): void => {
      try {
        call.apply(sink, args);
      } catch (error) {
        failed(name, error);
      }
    };
  return {
    participantJoined: guarded("participantJoined", sink.participantJoined),
    participantLeft: guarded("participantLeft", sink.participantLeft),
    trackSubscribed: guarded("trackSubscribed", sink.trackSubscribed),
    trackEnded: guarded("trackEnded", sink.trackEnded),
    trackFailed: guarded("trackFailed", sink.trackFailed),
    listenerReady: guarded("listenerReady", sink.listenerReady),
    // The hot path: no array of arguments for every frame.
    audio(participantId, frame) {
      try {
        sink.audio(participantId, frame);
      } catch (error) {
        failed("audio", error);
      }
    },
    text: guarded("text", sink.text),
    dtmf: guarded("dtmf", sink.dtmf),
    network: guarded("network", sink.network),
    connectionQuality: guarded("connectionQuality", sink.connectionQuality),
    closed: guarded("closed", sink.closed),
  };
}
