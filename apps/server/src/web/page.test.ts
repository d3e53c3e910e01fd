import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { type TestApp, testApp } from "../test/app.ts";

let webRoot: string;
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), "parley-page-"));
  webRoot = join(folder, "dist");
  await mkdir(join(webRoot, "assets"), { recursive: true });
  await writeFile(join(folder, "secret.txt"), "outside");
  await writeFile(join(webRoot, "index.html"), "<!doctype html><title>Parley</title>");
  await writeFile(join(webRoot, ".env"), "SECRET=1");
  await writeFile(join(webRoot, "assets", "index-B_e5eUqs.js"), "let a = 1;");
  await writeFile(join(webRoot, "robots.txt"), "User-agent: *");
  return () => rm(folder, { recursive: true, force: true });
});

const get = (app: TestApp["app"], url: string, accept = "text/html,*/*") =>
  app.inject({ url, headers: { host: "127.0.0.1:8080", accept } });

test("the page is served fresh, its hashed files for ever", async () => {
  const { app } = await testApp({ webRoot });
  const page = await get(app, "/");
  expect(page.statusCode).toBe(200);
  expect(page.headers).toMatchObject({
    "content-type": expect.stringContaining("text/html"),
    "cache-control": "no-cache",
  });
  expect(page.body).toContain("Parley");
  const script = await get(app, "/assets/index-B_e5eUqs.js", "*/*");
  expect(script.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
  expect(script.headers["content-type"]).toContain("javascript");
  expect((await get(app, "/robots.txt")).headers["cache-control"]).toBe("no-cache");
});

test("addresses of the page's own are the page; what should be a file is not", async () => {
  const { app } = await testApp({ webRoot });
  for (const url of ["/calls/c1", "/talk?agent=x"]) {
    const response = await get(app, url);
    expect([response.statusCode, response.headers["content-type"]]).toEqual([
      200,
      expect.stringContaining("text/html"),
    ]);
    expect(response.headers["cache-control"]).toBe("no-cache");
  }
  for (const [url, accept] of [
    ["/assets/gone-12345678.js", "*/*"],
    ["/api/nothing", "text/html"],
    ["/data", "application/json"],
  ] as const) {
    const response = await get(app, url, accept);
    expect(response.statusCode, url).toBe(404);
    expect(response.json()).toMatchObject({ code: "not-found" });
  }
  const posted = await app.inject({ method: "POST", url: "/", headers: { host: "localhost" } });
  expect(posted.statusCode).toBe(404);
});

test.each([
  "/../secret.txt",
  "/..%2fsecret.txt",
  "/%2e%2e/secret.txt",
  "/assets/..%5c..%5csecret.txt",
  "/.env",
  "/%00",
])("%s gives nothing away", async (url) => {
  const { app } = await testApp({ webRoot });
  const response = await get(app, url, "*/*");
  expect(response.body).not.toMatch(/outside|SECRET/);
});

test("a page that is not built says how to build it, and the API works", async () => {
  const { app } = await testApp();
  const response = await get(app, "/");
  expect(response.statusCode).toBe(503);
  expect(response.json()).toMatchObject({ code: "page-not-built", detail: expect.stringContaining("npm run build") });
  expect((await get(app, "/healthz")).statusCode).toBe(200);
});
