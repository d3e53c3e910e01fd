import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { silentLog } from "../log.ts";
import { dockerArguments } from "./binary/docker.ts";
import { type ServerSettings, serverConfig, settingsFingerprint } from "./config.ts";
import { choosePorts } from "./ports.ts";
import { commandLine, processStart } from "./process-identity.ts";
import { startLiveKitServer } from "./start.ts";

const settings: ServerSettings = {
  apiKey: "devkey",
  apiSecret: "s".repeat(32),
  webhookUrls: [],
  redisAddress: null,
  emptyTimeoutS: 60,
  departureTimeoutS: 30,
};

describe("the server's config", () => {
  it("listens on loopback only and keeps the room longer than the grace time", () => {
    const config = JSON.parse(serverConfig(settings, { port: 7880, udpPort: 7882 }));
    expect(config).toMatchObject({
      port: 7880,
      bind_addresses: ["127.0.0.1"],
      rtc: { udp_port: 7882, tcp_port: 0, node_ip: "127.0.0.1", ips: { includes: ["127.0.0.1/32"] } },
      keys: { devkey: settings.apiSecret },
      room: { empty_timeout: 60, departure_timeout: 30 },
    });
    expect(config.webhook).toBeUndefined();
  });

  it("signs webhooks with its key", () => {
    const config = JSON.parse(serverConfig({ ...settings, webhookUrls: ["http://x/hook"] }, { port: 1, udpPort: 2 }));
    expect(config.webhook).toEqual({ api_key: "devkey", urls: ["http://x/hook"] });
  });

  it("in a container listens inside and is published on loopback", () => {
    expect(JSON.parse(serverConfig(settings, { port: 1, udpPort: 2 }, true)).bind_addresses).toBeUndefined();
    const args = dockerArguments("parley-x", "/d/livekit.yaml", { port: 7880, udpPort: 7882 }).join(" ");
    expect(args).toContain("-p 127.0.0.1:7880:7880 -p 127.0.0.1:7882:7882/udp");
  });

  it("has a fingerprint that every setting changes and that does not show the secret", () => {
    const print = settingsFingerprint(settings);
    expect(print).not.toContain(settings.apiSecret);
    expect(settingsFingerprint({ ...settings, apiSecret: "t".repeat(32) })).not.toBe(print);
    expect(settingsFingerprint({ ...settings, departureTimeoutS: 31 })).not.toBe(print);
    expect(settingsFingerprint({ ...settings, webhookUrls: ["http://x"] })).not.toBe(print);
  });
});

describe("ports", () => {
  it("names a taken port, the setting and the way out", async () => {
    const holder = createServer();
    const port = await new Promise<number>((ready) =>
      holder.listen(0, "127.0.0.1", () => ready((holder.address() as { port: number }).port)),
    );
    await expect(choosePorts({ port, portSetting: "SOME_PORT" })).rejects.toMatchObject({
      code: "livekit-port-in-use",
      message: expect.stringMatching(new RegExp(`Port ${port}/tcp.*SOME_PORT`)),
    });
    await new Promise((closed) => holder.close(closed));
    expect((await choosePorts({ port, portSetting: "SOME_PORT" })).port).toBe(port);
  });

  it("finds free ones when asked for 0", async () => {
    const ports = await choosePorts({ port: 0, portSetting: "x" });
    expect(ports.port).toBeGreaterThan(0);
    expect(ports.udpPort).toBeGreaterThan(0);
  });
});

describe("process identity", () => {
  it("knows this process and not one that cannot be", () => {
    expect(processStart(process.pid)).not.toBeNull();
    expect(commandLine(process.pid)).toContain("node");
    expect(processStart(2 ** 22 + 1)).toBeNull();
  });
});

it("refuses a secret that the server would refuse, before starting anything", async () => {
  await expect(
    startLiveKitServer({ dataDir: "/nowhere", apiKey: "k", apiSecret: "short", log: silentLog }),
  ).rejects.toMatchObject({ code: "livekit-secret-too-short" });
});
