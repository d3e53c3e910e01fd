import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { withClient } from "../test/postgres.ts";
import { endPostgres, isAlive, isPostgresOf } from "./postmaster.ts";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "./start.ts";

let dataDir: string;
const running: EmbeddedPostgres[] = [];

async function start(options: { port?: number } = {}): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres({ dataDir, ...options });
  running.push(postgres);
  return postgres;
}

/** A process of its own that starts Postgres, says so, and is then killed. */
async function startAndKill(): Promise<{ pid: number; port: number }> {
  const module = new URL("./start.ts", import.meta.url).href;
  const script = `
    const { startEmbeddedPostgres } = await import(${JSON.stringify(module)});
    const { pid, port } = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)} });
    console.log(JSON.stringify({ pid, port }));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  child.kill("SIGKILL");
  await once(child, "exit");
  return JSON.parse(line.toString());
}

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "parley-embedded-"));
});

afterEach(async () => {
  for (const postgres of running.splice(0)) await postgres.stop();
  await rm(dataDir, { recursive: true, force: true });
});

describe("embedded Postgres", () => {
  test("has what it confirmed on the disk: a power cut loses nothing", async () => {
    const { url } = await start();
    const { rows } = await withClient(url, (client) =>
      client.query(
        "select name, setting from pg_settings where name in ('fsync', 'synchronous_commit', 'full_page_writes') order by 1",
      ),
    );
    expect(rows.map(({ name, setting }) => `${name} ${setting}`)).toEqual([
      "fsync on",
      "full_page_writes on",
      "synchronous_commit on",
    ]);
  });

  test("starts in a fresh folder, keeps its data over a restart, and is gone after stop", async () => {
    const first = await start();
    await withClient(first.url, (client) => client.query("create table kept as select 42 as answer"));
    await first.stop();
    await first.stop();
    expect(await isPostgresOf(join(dataDir, "data"), first.pid)).toBe(false);

    const second = await start();
    expect(second.adopted).toBe(false);
    const { rows } = await withClient(second.url, (client) => client.query("select answer from kept"));
    expect(rows).toEqual([{ answer: 42 }]);
  });

  test("needs its random password, which only we can read", async () => {
    const { url } = await start();
    const file = join(dataDir, "password");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(new URL(url).password).toBe((await readFile(file, "utf8")).trim());
    expect(new URL(url).password.length).toBeGreaterThanOrEqual(32);
    const wrong = new URL(url);
    wrong.password = "postgres";
    await expect(withClient(wrong.href, (client) => client.query("select 1"))).rejects.toMatchObject({ code: "28P01" });
  });

  test("listens on loopback only", async () => {
    const { url, port } = await start();
    const { rows } = await withClient(url, (client) => client.query("show listen_addresses"));
    expect(rows).toEqual([{ listen_addresses: "127.0.0.1" }]);
    const outside = Object.values(networkInterfaces())
      .flat()
      .find((address) => address?.family === "IPv4" && !address.internal);
    if (outside === undefined) return;
    const socket = connect(port, outside.address);
    const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
    expect(error.code).toBe("ECONNREFUSED");
  });

  test("adopts the server that a killed process left behind", async () => {
    const orphan = await startAndKill();
    expect(isAlive(orphan.pid)).toBe(true);
    const adopted = await start();
    expect(adopted).toMatchObject({ ...orphan, adopted: true });
    await withClient(adopted.url, (client) => client.query("select 1"));
    await adopted.stop();
    expect(await isPostgresOf(join(dataDir, "data"), orphan.pid)).toBe(false);
  });

  test("ends a left-behind server that does not answer, and starts anew", async () => {
    const orphan = await startAndKill();
    process.kill(orphan.pid, "SIGSTOP");
    const fresh = await start();
    expect(fresh.adopted).toBe(false);
    expect(fresh.pid).not.toBe(orphan.pid);
    await withClient(fresh.url, (client) => client.query("select 1"));
  });

  test("starts after a crash of Postgres itself", async () => {
    const first = await start();
    await withClient(first.url, (client) => client.query("create table kept as select 42 as answer"));
    process.kill(first.pid, "SIGKILL");
    await first.stop();
    const second = await start();
    const { rows } = await withClient(second.url, (client) => client.query("select answer from kept"));
    expect(rows).toEqual([{ answer: 42 }]);
  });

  test("waits for a child of the killed server that holds on to its memory", async () => {
    const first = await start();
    const children = execFileSync("pgrep", ["-P", String(first.pid)], { encoding: "utf8" });
    const child = Number(children.split("\n")[0]);
    process.kill(child, "SIGSTOP");
    process.kill(first.pid, "SIGKILL");
    await first.stop();
    let holds = true;
    setTimeout(() => {
      holds = false;
      process.kill(child, "SIGCONT");
    }, 8_000);
    const second = await start();
    expect(holds).toBe(false);
    await withClient(second.url, (client) => client.query("select 1"));
  });

  test("starts after a server that was killed while it wrote its lock file", async () => {
    await (await start()).stop();
    await writeFile(join(dataDir, "data", "postmaster.pid"), "");
    const { url } = await start();
    await withClient(url, (client) => client.query("select 1"));
  });

  test("never sends a signal to another process that has the old server's id", async () => {
    await (await start()).stop();
    const bystander = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)", "postgres"], { stdio: "ignore" });
    try {
      await writeFile(
        join(dataDir, "data", "postmaster.pid"),
        `${bystander.pid}\n${dataDir}/data\n1\n5432\n\n\n\nready   \n`,
      );
      expect(await endPostgres(join(dataDir, "data"), bystander.pid ?? 0)).toBe(true);
      const fresh = await start();
      expect(fresh.adopted).toBe(false);
      expect(isAlive(bystander.pid ?? 0)).toBe(true);
    } finally {
      bystander.kill("SIGKILL");
    }
  });

  test("refuses a folder that another Parley uses, naming its process and the way out", async () => {
    await start();
    await expect(startEmbeddedPostgres({ dataDir })).rejects.toMatchObject({
      code: "data-folder-in-use",
      message: expect.stringMatching(new RegExp(`process ${process.pid}.*PARLEY_DATA`)),
    });
  });

  test("begins anew when the first start was cut in the middle", async () => {
    await mkdir(join(dataDir, "data.new", "base"), { recursive: true });
    await writeFile(join(dataDir, "password"), "half\n");
    const { url } = await start();
    await withClient(url, (client) => client.query("select 1"));
  });

  test.runIf(process.getuid?.() === 0)("works below a folder that only root may enter", async () => {
    const closed = join(dataDir, "home");
    await mkdir(closed, { mode: 0o700 });
    const postgres = await startEmbeddedPostgres({ dataDir: join(closed, "postgres") });
    running.push(postgres);
    await withClient(postgres.url, (client) => client.query("create table t ()"));
    expect((await stat(closed)).mode & 0o777).toBe(0o700);
  });

  test("names the port when a wanted one is in use", async () => {
    const { port } = await start();
    const other = await mkdtemp(join(tmpdir(), "parley-embedded-"));
    await expect(startEmbeddedPostgres({ dataDir: other, port })).rejects.toMatchObject({
      code: "postgres-port-in-use",
      message: expect.stringContaining(String(port)),
    });
    await rm(other, { recursive: true, force: true });
  });
});
