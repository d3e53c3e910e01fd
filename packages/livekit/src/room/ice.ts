import { ContinualGatheringPolicy, IceServer, IceTransportType, type RoomOptions } from "@livekit/rtc-node";

/** How the agent's media finds its way to LiveKit, where that is not left to the two of them. */
export interface IceSettings {
  /** As WebRTC's RTCIceServer. Used instead of those that LiveKit names; none: LiveKit's. */
  servers: readonly { urls: readonly string[]; username?: string | undefined; credential?: string | undefined }[];
  /** Through a TURN server only, never directly. */
  relayOnly: boolean;
}

/** Nothing where nothing is set: then rtc-node takes what LiveKit says at the join. */
export function rtcConfigOf(ice: IceSettings | undefined): Pick<RoomOptions, "rtcConfig"> {
  if (ice === undefined || (ice.servers.length === 0 && !ice.relayOnly)) return {};
  return {
    rtcConfig: {
      iceTransportType: ice.relayOnly ? IceTransportType.TRANSPORT_RELAY : IceTransportType.TRANSPORT_ALL,
      continualGatheringPolicy: ContinualGatheringPolicy.GATHER_CONTINUALLY,
      iceServers: ice.servers.map(
        ({ urls, username = "", credential = "" }) =>
          new IceServer({ urls: [...urls], username, password: credential }),
      ),
    },
  };
}
