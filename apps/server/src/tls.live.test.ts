import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore, startEmbeddedPostgres } from "@parley/store";
import { openUplink } from "@parley/uplink";
import pino from "pino";
import { expect, onTestFinished, test } from "vitest";
import { readServerConfig } from "./config.ts";
import { startServer } from "./server.ts";

const ROOT = "the-root-key-of-this-test";

function folderWithCertificate(): string {
  const folder = mkdtempSync(join(tmpdir(), "parley-tls-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  const files = ["-keyout", join(folder, "key.pem"), "-out", join(folder, "cert.pem")];
  execFileSync("openssl", [...args, ...names, ...files], { stdio: "ignore" });
  return folder;
}

const freePort = () =>
  new Promise<number>((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });

async function start(folder: string) {
  const postgres = await startEmbeddedPostgres({ dataDir: join(folder, "postgres") });
  onTestFinished(() => postgres.stop());
  const store = await openStore({ url: postgres.url });
  onTestFinished(() => store.close());
  const port = await freePort();
  const config = readServerConfig({
    PARLEY_PORT: String(port),
    PARLEY_API_KEY: ROOT,
    PARLEY_WORKER_KEY: "the-worker-key-of-this-test",
    PARLEY_TLS_CERT: join(folder, "cert.pem"),
    PARLEY_TLS_KEY: join(folder, "key.pem"),
  });
  const loopbackPort = await freePort();
  const server = await startServer({
    config: { ...config, host: "127.0.0.1", loopbackPort },
    store,
    livekit: { url: "ws://127.0.0.1:1", apiKey: "k", apiSecret: "s" },
    agents: [{ name: "front-desk", title: "", description: "", demo: true }],
    log: pino({ level: "silent" }),
  });
  onTestFinished(() => server.close());
  return { server, port, loopbackPort };
}

const get = (port: number, path: string, ca: Buffer) =>
  new Promise<{ status: number; protocol: string | null }>((resolve, reject) => {
    const headers = { authorization: `Bearer ${ROOT}` };
    const asked = request({ host: "127.0.0.1", servername: "localhost", port, path, ca, headers }, (answer) => {
      answer.resume();
      const { getProtocol } = answer.socket as unknown as { getProtocol(): string | null };
      resolve({ status: answer.statusCode ?? 0, protocol: getProtocol.call(answer.socket) });
    });
    asked.on("error", reject).end();
  });

test("the API and the workers' lines by TLS; this machine's own parts find it on loopback", async () => {
  const folder = folderWithCertificate();
  const { server, port, loopbackPort } = await start(folder);
  const ca = readFileSync(join(folder, "cert.pem"));
  expect(server.url).toBe(`https://127.0.0.1:${port}`);
  expect(await get(port, "/api/calls", ca)).toEqual({ status: 200, protocol: "TLSv1.3" });
  await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
  expect((await fetch(`http://127.0.0.1:${loopbackPort}/healthz`)).status).toBe(200);
  const url = `http://127.0.0.1:${loopbackPort}`;
  const uplink = await openUplink({ url, key: "the-worker-key-of-this-test", dir: join(folder, "calls") });
  onTestFinished(() => uplink.close());
  await expect.poll(() => uplink.status().connected, { timeout: 10_000 }).toBe(true);
});

test("files that are no certificate and key stop the start, by name", async () => {
  const folder = folderWithCertificate();
  writeFileSync(join(folder, "key.pem"), "not a key");
  await expect(start(folder)).rejects.toMatchObject({
    code: "tls-files-bad",
    category: "configuration",
    message: expect.stringContaining("PARLEY_TLS_KEY"),
  });
});
