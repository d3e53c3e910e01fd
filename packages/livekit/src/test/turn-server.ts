import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "../log.ts";
import { findLiveKitServer } from "../server-process/binary/find.ts";
import { serverConfig } from "../server-process/config.ts";
import { choosePorts } from "../server-process/ports.ts";
import { becomesHealthy } from "../server-process/ready.ts";
import { KEY, SECRET } from "./live-server.ts";

const anyPorts = { port: 0, udpPort: 0, portSetting: "`port`" };

/** A livekit-server with its own TURN server, which may relay on loopback. Throws where only Docker has one. */
export async function liveServerWithTurn(): Promise<{ url: string; remove(): Promise<void> }> {
  const binary = await findLiveKitServer({ env: process.env, log: silentLog });
  if (binary.kind !== "program") throw new Error("this test needs a livekit-server outside of Docker");
  const dataDir = mkdtempSync(join(tmpdir(), "parley-turn-"));
  const [ports, turnPorts] = [await choosePorts(anyPorts), await choosePorts(anyPorts)];
  const settings = {
    apiKey: KEY,
    apiSecret: SECRET,
    webhookUrls: [],
    redisAddress: null,
    emptyTimeoutS: 60,
    departureTimeoutS: 30,
  };
  const turn = {
    enabled: true,
    udp_port: turnPorts.udpPort,
    bind_addresses: ["127.0.0.1"],
    allow_restricted_peer_cidrs: ["127.0.0.0/8"],
  };
  const config = join(dataDir, "livekit.yaml");
  writeFileSync(config, JSON.stringify({ ...JSON.parse(serverConfig(settings, ports)), turn }));
  const child: ChildProcess = spawn(binary.path, ["--config", config], { stdio: "ignore" });
  const gone = () => child.exitCode !== null || child.signalCode !== null;
  const remove = async () => {
    if (!gone()) {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    }
    rmSync(dataDir, { recursive: true, force: true });
  };
  if (await becomesHealthy(ports.port, 30_000, gone)) return { url: `ws://127.0.0.1:${ports.port}`, remove };
  await remove();
  throw new Error("the livekit-server with TURN did not come up");
}
