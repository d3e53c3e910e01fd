import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { AccessToken } from "livekit-server-sdk";
import { expect, it, onTestFinished } from "vitest";
import { receiveWebhook } from "../webhooks/receive.ts";
import { egressApi } from "./egress-api.ts";

const keys = { apiKey: "key", apiSecret: "s".repeat(32) };
const info = {
  egressId: "EG_1",
  roomName: "r",
  status: "EGRESS_COMPLETE",
  startedAt: "1790000000000000000",
  fileResults: [
    { filename: "/out/a.ogg", startedAt: "1790000000500000000", duration: "2500000000", size: "4096", location: "x" },
  ],
};

/** LiveKit, as far as it is asked for egresses: Twirp's JSON. */
async function livekit(answer: (method: string) => { status?: number; body: object }) {
  const asked: { method: string; body: Record<string, unknown>; token: string }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const method = request.url?.split("/").at(-1) ?? "";
    asked.push({ method, body: JSON.parse(String(Buffer.concat(chunks))), token: request.headers.authorization ?? "" });
    const { status = 200, body } = answer(method);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  onTestFinished(() => new Promise((closed) => server.close(() => closed())));
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { asked, egress: egressApi({ url, ...keys }) };
}

it("records the sound of a room into a file, or a bucket", async () => {
  const { asked, egress } = await livekit(() => ({ body: { ...info, status: "EGRESS_STARTING", fileResults: [] } }));
  expect(await egress.start("r", { path: "/out/a.ogg" })).toEqual({
    ...{ egressId: "EG_1", room: "r", status: "starting", error: "", file: null },
  });
  const s3 = { bucket: "calls", region: "eu-west-1", endpoint: "http://minio:9000" };
  await egress.start("r", { path: "a.ogg", s3: { ...s3, keys: { accessKeyId: "id", secretAccessKey: "secret" } } });
  expect(asked.map(({ method }) => method)).toEqual(["StartRoomCompositeEgress", "StartRoomCompositeEgress"]);
  expect(asked[0]?.body).toMatchObject({
    ...{ roomName: "r", audioOnly: true, audioMixing: "DUAL_CHANNEL_AGENT" },
    fileOutputs: [{ fileType: "OGG", filepath: "/out/a.ogg", disableManifest: true }],
  });
  expect(asked[1]?.body).toMatchObject({
    fileOutputs: [{ filepath: "a.ogg", s3: { forcePathStyle: true, accessKey: "id", secret: "secret", ...s3 } }],
  });
  const claims = JSON.parse(Buffer.from(asked[0]!.token.split(".")[1] ?? "", "base64url").toString());
  expect(claims.video).toMatchObject({ roomRecord: true });
});

it("tells how they fare, and stops one that is over already", async () => {
  const done = await livekit(() => ({ body: { items: [info, { ...info, status: "EGRESS_ABORTED", error: "no" }] } }));
  const file = { path: "/out/a.ogg", startedAt: 1_790_000_000_500, durationMs: 2_500, bytes: 4_096 };
  expect(await done.egress.list("r")).toEqual([
    { egressId: "EG_1", room: "r", status: "complete", error: "", file },
    { egressId: "EG_1", room: "r", status: "failed", error: "no", file },
  ]);
  for (const status of [404, 412]) {
    const over = await livekit(() => ({ status, body: { code: "failed_precondition", msg: "it is over" } }));
    await over.egress.stop("EG_1");
  }
  const broken = await livekit(() => ({ status: 500, body: { code: "internal", msg: "no" } }));
  await expect(broken.egress.stop("EG_1")).rejects.toMatchObject({ code: "livekit-request-failed" });
});

it("is told by webhooks too", async () => {
  const body = JSON.stringify({ id: "EV_1", event: "egress_ended", createdAt: "1790000003", egressInfo: info });
  const token = new AccessToken(keys.apiKey, keys.apiSecret);
  token.sha256 = createHash("sha256").update(body).digest("base64");
  const { egress } = await receiveWebhook(keys, body, await token.toJwt());
  expect(egress).toMatchObject({ egressId: "EG_1", status: "complete", file: { durationMs: 2_500 } });
});
