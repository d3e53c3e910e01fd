import { buffer } from "node:stream/consumers";
import { describe, expect, onTestFinished, test } from "vitest";
import { isSigned, S3_KEYS, S3_REGION, s3TestServer } from "../test/s3-server.ts";
import { storageConformance } from "../test/storage-conformance.ts";
import { type S3Waits, s3Storage } from "./s3.ts";

const sound = Buffer.alloc(100_000, "sound");

async function bucket({ keys = S3_KEYS, waits }: { keys?: typeof S3_KEYS; waits?: S3Waits } = {}) {
  const server = await s3TestServer("calls");
  const place = { kind: "s3", bucket: "calls", prefix: "eu/", endpoint: server.url, region: S3_REGION, keys } as const;
  const storage = s3Storage(place, waits);
  onTestFinished(async () => {
    storage.close();
    await server.close();
  });
  return { server, storage };
}

storageConformance("S3", async () => (await bucket()).storage);

test("the server of this test judges signatures as Amazon's own example says", () => {
  // "GET Object" in https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
  const example = {
    method: "GET",
    url: "/test.txt",
    headers: {
      host: "examplebucket.s3.amazonaws.com",
      range: "bytes=0-9",
      "x-amz-content-sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "x-amz-date": "20130524T000000Z",
      authorization:
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    },
  };
  const keys = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" };
  expect(isSigned(example, Buffer.alloc(0), keys)).toBe(true);
  expect(isSigned({ ...example, url: "/other.txt" }, Buffer.alloc(0), keys)).toBe(false);
  expect(isSigned(example, Buffer.from("another body"), keys)).toBe(false);
});

describe("S3 that fails", () => {
  const short = { connectMs: 500, idleMs: 200, totalMs: 2_000 };

  test("once is asked again", async () => {
    const { server, storage } = await bucket();
    server.faults.push("500");
    await storage.put("a.ogg", sound);
    expect(server.objects.get("eu/a.ogg")?.equals(sound)).toBe(true);
    expect(server.requests).toHaveLength(2);
  });

  test("again and again is named, as something that may pass", async () => {
    const { server, storage } = await bucket();
    server.faults.push("500", "500", "500");
    await expect(storage.put("a.ogg", sound)).rejects.toMatchObject({
      code: "recording-storage-failed",
      retryable: true,
    });
    expect(server.objects.size).toBe(0);
  });

  test("by refusing the key names the settings", async () => {
    const { storage } = await bucket({ keys: { ...S3_KEYS, secretAccessKey: "another" } });
    const refused = { code: "recording-storage-refused", message: expect.stringContaining("AWS_SECRET_ACCESS_KEY") };
    await expect(storage.put("a.ogg", sound)).rejects.toMatchObject(refused);
    await expect(storage.read("a.ogg", { start: 0, end: 5 })).rejects.toMatchObject(refused);
    await expect(storage.delete("a.ogg")).rejects.toMatchObject(refused);
  });

  test("by having no such bucket names them too", async () => {
    const server = await s3TestServer("another");
    onTestFinished(() => server.close());
    const place = { kind: "s3", bucket: "calls", prefix: "", endpoint: server.url, region: S3_REGION } as const;
    const storage = s3Storage({ ...place, keys: S3_KEYS });
    await expect(storage.put("a.ogg", sound)).rejects.toMatchObject({
      retryable: false,
      message: expect.stringContaining("PARLEY_RECORDINGS_URL"),
    });
  });

  test("by never answering, or by not being there, is given up", async () => {
    const { server, storage } = await bucket({ waits: short });
    server.faults.push("hang", "hang", "hang");
    await expect(storage.size("a.ogg")).rejects.toMatchObject({ code: "recording-storage-failed" });
    await server.close();
    await expect(storage.delete("a.ogg")).rejects.toMatchObject({ code: "recording-storage-failed" });
  });

  test("in the middle of a file ends the reader with an error", async () => {
    const { server, storage } = await bucket({ waits: short });
    await storage.put("a.ogg", sound);
    for (const fault of ["cut", "stall"] as const) {
      server.faults.push(fault);
      const body = await storage.read("a.ogg", { start: 0, end: sound.length });
      await expect(buffer(body), fault).rejects.toMatchObject({ code: "recording-storage-failed" });
    }
  });
});
