import { describe, expect, test } from "vitest";
import { z } from "zod";
import { iceServers } from "./ice-servers.ts";
import { readSettings, type SettingProblem } from "./read.ts";
import { dataFolder, httpUrl, liveKitUrls, port, waitMs, wholeNumber } from "./schemas.ts";

const schema = z.object({
  LIVEKIT_URL: liveKitUrls.optional(),
  LIVEKIT_API_SECRET: z.string({ error: "the program signs with it" }),
  BACKEND_URL: httpUrl("a server", "http://127.0.0.1:8080").optional(),
  PARLEY_DATA: dataFolder,
  PARLEY_ICE_SERVERS: iceServers.optional(),
  PARLEY_PORT: port().default(8080),
  PARLEY_SHARDS: wholeNumber(1, 256, "processes").optional(),
  REQUEST_TIMEOUT: waitMs("an answer").default(60_000),
});
const enough = { LIVEKIT_API_SECRET: "hunter2" };

function problem(env: NodeJS.ProcessEnv, across?: () => SettingProblem[]): string {
  try {
    readSettings(schema, env, across);
  } catch (error) {
    expect(error).toMatchObject({ code: "bad-configuration", category: "configuration" });
    return (error as Error).message;
  }
  throw new Error("the settings were accepted");
}

describe("settings", () => {
  test("are trimmed; an empty one counts as unset, and what the schema does not name is not read", () => {
    const env = { ...enough, PARLEY_PORT: " 9000 ", PARLEY_SHARDS: " ", PARLEY_HOST: "elsewhere", HOME: "/" };
    expect(readSettings(schema, env)).toEqual({
      ...enough,
      PARLEY_DATA: ".parley",
      PARLEY_PORT: 9000,
      REQUEST_TIMEOUT: 60_000,
    });
  });

  test("that name several LiveKit addresses are read in their order", () => {
    const read = (LIVEKIT_URL: string) => readSettings(schema, { ...enough, LIVEKIT_URL }).LIVEKIT_URL;
    expect(read("ws://a:7880")).toEqual({ url: "ws://a:7880", fallbackUrls: [] });
    expect(read("wss://a , http://b:7880,ws://c")).toEqual({
      url: "wss://a",
      fallbackUrls: ["http://b:7880", "ws://c"],
    });
  });

  test("that name ICE servers are read as browsers read them", () => {
    const read = (servers: unknown) =>
      readSettings(schema, { ...enough, PARLEY_ICE_SERVERS: JSON.stringify(servers) }).PARLEY_ICE_SERVERS;
    const turn = { urls: "turns:turn.example:443?transport=tcp", username: "u", credential: "c" };
    expect(read([turn, { urls: ["stun:a:3478", "stun:b"] }])).toEqual([
      { ...turn, urls: [turn.urls] },
      { urls: ["stun:a:3478", "stun:b"] },
    ]);
  });

  test.each([
    "turn:turn.example:3478",
    "[]",
    "{}",
    '[{"urls":[]}]',
    '[{"urls":"http://turn.example"}]',
    '[{"urls":"turn:turn.example"}]',
    '[{"urls":"turn:turn.example","username":"hunter2"}]',
    '[{"urls":"turn:turn.example?transport=tls","username":"u","credential":"hunter2"}]',
    '[{"urls":"turn:turn.example","username":"u","password":"hunter2"}]',
    JSON.stringify(Array.from({ length: 9 }, () => ({ urls: "stun:a" }))),
  ])("PARLEY_ICE_SERVERS=%s is refused, and not shown", (value) => {
    const text = problem({ ...enough, PARLEY_ICE_SERVERS: value });
    expect(text).toMatch(/^PARLEY_ICE_SERVERS=<\d+ characters, hidden>: must be JSON with 1 to 8 ICE servers/);
    expect(text).not.toContain("hunter2");
  });

  test("are refused all at once, a line each, with name, value and fix", () => {
    const across = () => [{ name: "DATABASE_URL", value: undefined, fix: "name one" }];
    expect(problem({ PARLEY_SHARDS: "0", LIVEKIT_URL: "here", PARLEY_PROT: "1" }, across).split("\n")).toEqual([
      'PARLEY_PROT="1": unknown setting; did you mean PARLEY_PORT?',
      "DATABASE_URL is not set: name one",
      expect.stringMatching(/^LIVEKIT_URL="here": must be the address of a LiveKit server/),
      "LIVEKIT_API_SECRET is not set: the program signs with it",
      'PARLEY_SHARDS="0": must be a whole number from 1 to 256 (processes)',
    ]);
  });

  test("that are unknown and like none are answered with the whole list", () => {
    expect(problem({ ...enough, PARLEY_ORCHESTRA: "x" })).toMatch(
      /unknown setting; known are PARLEY_ALLOWED_ORIGINS, .*/,
    );
  });

  test.each([
    ["PARLEY_WORKER_KEYS", "hunter2", "<7 characters, hidden>"],
    ["PARLEY_DATUM", "postgres://me:hunter2@db/x", '"postgres://me:***@db/x"'],
    ["PARLEY_DATUM", "x".repeat(200), `"${"x".repeat(117)}..."`],
  ])("%s=%s is printed without its secret, and not at any length", (name, value, printed) => {
    const text = problem({ ...enough, [name]: value });
    expect(text).toContain(`${name}=${printed}:`);
    expect(text).not.toContain("hunter2");
  });

  test.each([
    ["PARLEY_PORT", "65536"],
    ["PARLEY_PORT", "-1"],
    ["PARLEY_PORT", "1e3"],
    ["PARLEY_SHARDS", "1.5"],
    ["PARLEY_SHARDS", "9".repeat(400)],
    ["REQUEST_TIMEOUT", "0"],
    ["REQUEST_TIMEOUT", "60s"],
    ["BACKEND_URL", "ftp://server"],
    ["LIVEKIT_URL", "127.0.0.1:7880"],
    ["LIVEKIT_URL", "ws://a:7880,"],
    ["LIVEKIT_URL", "ws://a:7880;ws://b:7880 ws://c"],
    ["LIVEKIT_URL", "ws://a:7880,ftp://b"],
    ["LIVEKIT_URL", Array.from({ length: 9 }, (_, n) => `ws://node${n}`).join(",")],
  ])("%s=%s is refused", (name, value) => {
    expect(problem({ ...enough, [name]: value })).toMatch(new RegExp(`^${name}=`));
  });
});
