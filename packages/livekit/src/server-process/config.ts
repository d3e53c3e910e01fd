import { createHash } from "node:crypto";
import { LIVEKIT_SERVER_VERSION } from "./version.ts";

/** What decides how an embedded livekit-server behaves; two servers with the same values are interchangeable. */
export interface ServerSettings {
  apiKey: string;
  apiSecret: string;
  webhookUrls: readonly string[];
  redisAddress: string | null;
  /** An empty room that nobody joined lives this long. */
  emptyTimeoutS: number;
  /** A room lives this long after the last person left; longer than the time in which a caller may come back. */
  departureTimeoutS: number;
}

export interface ServerPorts {
  port: number;
  udpPort: number;
}

/**
 * The server's config file: loopback only, one UDP port, no TCP media port (any but 0 listens on all addresses).
 * Written as JSON, which is YAML too. `contained` is the same for a container whose ports are published on loopback.
 */
export function serverConfig(settings: ServerSettings, ports: ServerPorts, contained = false): string {
  const loopback = {
    enable_loopback_candidate: true,
    interfaces: { includes: ["lo", "lo0"] },
    ips: { includes: ["127.0.0.1/32"] },
  };
  return JSON.stringify(
    {
      port: ports.port,
      ...(contained ? {} : { bind_addresses: ["127.0.0.1"] }),
      rtc: {
        udp_port: ports.udpPort,
        tcp_port: 0,
        node_ip: "127.0.0.1",
        use_external_ip: false,
        // Without one, every client would resolve and ask public servers at every join, and so tell them of each call.
        // On loopback nobody needs an answer.
        stun_servers: ["127.0.0.1:9"],
        ...(contained ? {} : loopback),
      },
      ...(settings.redisAddress === null ? {} : { redis: { address: settings.redisAddress } }),
      keys: { [settings.apiKey]: settings.apiSecret },
      ...(settings.webhookUrls.length === 0
        ? {}
        : { webhook: { api_key: settings.apiKey, urls: [...settings.webhookUrls] } }),
      room: { empty_timeout: settings.emptyTimeoutS, departure_timeout: settings.departureTimeoutS },
      logging: { level: "warn", json: true },
    },
    null,
    2,
  );
}

/** Says whether a running server was started for the same settings, without keeping the secret anywhere. */
export function settingsFingerprint(settings: ServerSettings): string {
  const parts = [LIVEKIT_SERVER_VERSION, JSON.stringify(settings, Object.keys(settings).sort())];
  return createHash("sha256").update(parts.join("\n")).digest("hex");
}
