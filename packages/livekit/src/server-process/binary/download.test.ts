import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LIVEKIT_SERVER_VERSION } from "../version.ts";
import { archiveName, downloadServer } from "./download.ts";

const ARCHIVE = archiveName("linux", "x64")!;
const PROGRAM = Buffer.from("#!/bin/sh\necho the real one\n");

function tarGz(files: Record<string, Buffer>): Buffer {
  const blocks: Buffer[] = [];
  for (const [name, body] of Object.entries(files)) {
    const header = Buffer.alloc(512);
    header.write(name, 0, "latin1");
    header.write(`${body.length.toString(8).padStart(11, "0")}\0`, 124, "latin1");
    header.write("0", 156, "latin1");
    const padded = Buffer.alloc(Math.ceil(body.length / 512) * 512);
    body.copy(padded);
    blocks.push(header, padded);
  }
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

const GOOD = tarGz({ LICENSE: Buffer.from("free"), "livekit-server": PROGRAM });
const sha = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

describe("downloading livekit-server", () => {
  let server: Server;
  let folder: string;
  let baseUrl: string;
  let answers: Record<string, (request: IncomingMessage, response: ServerResponse) => void>;

  const serve = (checksums: string, archive: Buffer | ((response: ServerResponse) => void)) => {
    answers = {
      [`/v${LIVEKIT_SERVER_VERSION}/checksums.txt`]: (_, response) => response.end(checksums),
      [`/v${LIVEKIT_SERVER_VERSION}/${ARCHIVE}`]: (_, response) =>
        typeof archive === "function" ? archive(response) : response.end(archive),
    };
  };
  const get = (more: { pinnedSha256?: string } = {}) =>
    downloadServer(join(folder, "bin", "livekit-server"), {
      platform: "linux",
      arch: "x64",
      baseUrl,
      stallMs: 150,
      ...more,
    });

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "parley-download-"));
    answers = {};
    server = createServer((request, response) => {
      const answer = answers[request.url ?? ""];
      if (answer) answer(request, response);
      else response.writeHead(404).end();
    });
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
    rmSync(folder, { recursive: true, force: true });
  });

  const nothingLeft = () => expect(existsSync(join(folder, "bin", "livekit-server"))).toBe(false);

  it("installs a runnable program when the checksum agrees", async () => {
    serve(`${sha(Buffer.from("x"))}  other.tar.gz\n${sha(GOOD)}  ${ARCHIVE}\n`, GOOD);
    await get({ pinnedSha256: sha(GOOD).toUpperCase() });
    const path = join(folder, "bin", "livekit-server");
    expect(readFileSync(path)).toEqual(PROGRAM);
    expect(statSync(path).mode & 0o777).toBe(0o755);
  });

  it("refuses an archive whose bytes are not the promised ones", async () => {
    serve(`${sha(GOOD)}  ${ARCHIVE}\n`, tarGz({ "livekit-server": Buffer.from("evil") }));
    await expect(get()).rejects.toThrow(`${sha(GOOD)} was expected`);
    nothingLeft();
  });

  it("refuses a release whose checksum is not the pinned one, before downloading it", async () => {
    let asked = false;
    serve(`${sha(GOOD)}  ${ARCHIVE}\n`, (response) => {
      asked = true;
      response.end(GOOD);
    });
    await expect(get({ pinnedSha256: "a".repeat(64) })).rejects.toThrow("is pinned");
    expect(asked).toBe(false);
  });

  it("refuses a release without a checksum for the archive", async () => {
    serve("<html>not found</html>", GOOD);
    await expect(get()).rejects.toThrow(`does not name ${ARCHIVE}`);
  });

  it("refuses garbage even when its checksum agrees", async () => {
    const garbage = Buffer.from("this is not an archive");
    serve(`${sha(garbage)}  ${ARCHIVE}\n`, garbage);
    await expect(get()).rejects.toThrow();
    nothingLeft();
  });

  it("refuses an archive without the program", async () => {
    const other = tarGz({ "something-else": PROGRAM });
    serve(`${sha(other)}  ${ARCHIVE}\n`, other);
    await expect(get()).rejects.toThrow("holds no livekit-server");
  });

  it("gives up on a server that goes silent in mid-file", async () => {
    serve(`${sha(GOOD)}  ${ARCHIVE}\n`, (response) => {
      response.writeHead(200, { "content-length": GOOD.length });
      response.write(GOOD.subarray(0, 20));
    });
    await expect(get()).rejects.toThrow("sent nothing for 150 ms");
    nothingLeft();
  });

  it("gives up on a server that never answers", async () => {
    serve(`${sha(GOOD)}  ${ARCHIVE}\n`, () => {});
    await expect(get()).rejects.toThrow("sent nothing for 150 ms");
  });

  it("fails when the connection is cut", async () => {
    serve(`${sha(GOOD)}  ${ARCHIVE}\n`, (response) => {
      response.writeHead(200, { "content-length": GOOD.length });
      response.write(GOOD.subarray(0, 20), () => response.destroy());
    });
    await expect(get()).rejects.toThrow();
    nothingLeft();
  });

  it("says so when the release is not there", async () => {
    await expect(get()).rejects.toThrow("answered 404");
  });

  it("does not trust checksums fetched over plain http from elsewhere", async () => {
    await expect(
      downloadServer(join(folder, "x"), { platform: "linux", arch: "x64", baseUrl: "http://mirror.example" }),
    ).rejects.toThrow("not https");
  });

  it("names Homebrew where LiveKit publishes no build", async () => {
    await expect(downloadServer(join(folder, "x"), { platform: "darwin", arch: "arm64" })).rejects.toThrow("brew");
    expect(archiveName("linux", "arm64")).toBe(`livekit_${LIVEKIT_SERVER_VERSION}_linux_arm64.tar.gz`);
  });
});
