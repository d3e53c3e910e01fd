import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../log.ts";
import { LIVEKIT_SERVER_VERSION } from "../version.ts";
import { cachedBinary, cacheFolder } from "./cache-folder.ts";
import { findLiveKitServer } from "./find.ts";

describe("finding livekit-server", () => {
  let folder: string;
  let env: NodeJS.ProcessEnv;

  const program = (path: string, script = "exit 0") => {
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
    return path;
  };
  const find = () => findLiveKitServer({ log: silentLog, env, stallMs: 2000 });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "parley-find-"));
    // Nothing listens on port 1: the download fails at once.
    env = {
      PATH: join(folder, "path"),
      XDG_CACHE_HOME: join(folder, "cache"),
      LIVEKIT_DOWNLOAD_URL: "http://127.0.0.1:1",
    };
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("takes LIVEKIT_SERVER before the PATH before the cache", async () => {
    const cached = program(cachedBinary(cacheFolder(env)));
    expect(await find()).toEqual({ kind: "program", path: cached });
    const installed = program(join(folder, "path", "livekit-server"));
    expect(await find()).toEqual({ kind: "program", path: installed });
    env.LIVEKIT_SERVER = program(join(folder, "mine"));
    expect(await find()).toEqual({ kind: "program", path: env.LIVEKIT_SERVER });
  });

  it("refuses a LIVEKIT_SERVER that is no program, by name", async () => {
    env.LIVEKIT_SERVER = join(folder, "nowhere");
    await expect(find()).rejects.toMatchObject({
      code: "livekit-server-missing",
      message: expect.stringContaining("LIVEKIT_SERVER is set to"),
    });
  });

  it("builds with Go when the download fails, and keeps the result", async () => {
    const asked = join(folder, "asked");
    program(
      join(folder, "path", "go"),
      `echo "$@" > ${asked}\nprintf '#!/bin/sh\\n' > "$GOBIN/server"\n/bin/chmod 755 "$GOBIN/server"`,
    );
    const cached = cachedBinary(cacheFolder(env));
    expect(await find()).toEqual({ kind: "program", path: cached });
    expect(existsSync(cached)).toBe(true);
    expect(readFileSync(asked, "utf8").trim()).toBe(
      `install github.com/livekit/livekit-server/cmd/server@v${LIVEKIT_SERVER_VERSION}`,
    );
    rmSync(join(folder, "path", "go"));
    expect(await find()).toEqual({ kind: "program", path: cached });
  });

  it("falls back to a Docker that works", async () => {
    const docker = program(join(folder, "path", "docker"), "echo 27.0");
    expect(await find()).toEqual({ kind: "docker", docker });
  });

  it("says everything that was tried and every way out", async () => {
    program(join(folder, "path", "go"), "echo no network here >&2; exit 1");
    program(join(folder, "path", "docker"), "echo is the daemon running >&2; exit 1");
    const error = await find().then(
      () => null,
      (thrown: Error) => thrown,
    );
    for (const part of [
      LIVEKIT_SERVER_VERSION,
      "could not be reached",
      "no network here",
      "is the daemon running",
      "LIVEKIT_SERVER",
      "LIVEKIT_DOWNLOAD_URL",
      "LIVEKIT_URL",
      "LIVEKIT_API_KEY",
    ]) {
      expect(error?.message).toContain(part);
    }
  });
});
