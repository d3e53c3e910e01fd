import { createHash, createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What goes wrong with the next request: it is refused, never answered, or its answer is cut off or stands still. */
export type S3Fault = "500" | "403" | "hang" | "cut" | "stall";

export interface S3TestServer {
  url: string;
  objects: Map<string, Buffer>;
  requests: string[];
  /** Of requests to come, in order. */
  faults: S3Fault[];
  close(): Promise<void>;
}

export const S3_KEYS = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
export const S3_REGION = "eu-central-1";

/** As much of S3 as recordings need, in memory; it takes only what is signed as AWS Signature Version 4 says. */
export async function s3TestServer(bucket: string): Promise<S3TestServer> {
  const objects = new Map<string, Buffer>();
  const requests: string[] = [];
  const faults: S3Fault[] = [];

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const { method = "GET", url = "/" } = request;
    requests.push(`${method} ${url}`);
    const fault = faults.shift();
    if (fault === "hang") return;
    if (fault === "500") return refuse(response, 500, "InternalError");
    if (fault === "403" || !isSigned(request, body)) return refuse(response, 403, "SignatureDoesNotMatch");
    const path = decodeURIComponent(new URL(url, "http://s3").pathname);
    if (!path.startsWith(`/${bucket}/`)) return refuse(response, 404, "NoSuchBucket");
    const object = path.slice(bucket.length + 2);
    if (method === "PUT") {
      objects.set(object, body);
      return void response.writeHead(200, { etag: '"x"' }).end();
    }
    if (method === "DELETE") {
      objects.delete(object);
      return void response.writeHead(204).end();
    }
    const held = objects.get(object);
    if (held === undefined) return refuse(response, 404, method === "HEAD" ? "NotFound" : "NoSuchKey");
    if (method === "HEAD") return void response.writeHead(200, { "content-length": held.length }).end();
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
    const part = range === null ? held : held.subarray(Number(range[1]), Number(range[2]) + 1);
    response.writeHead(range === null ? 200 : 206, { "content-length": part.length });
    if (fault === undefined) return void response.end(part);
    response.write(part.subarray(0, Math.floor(part.length / 2)), () => {
      if (fault === "cut") response.destroy();
    });
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    requests,
    faults,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { "content-type": "application/xml" });
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`);
}

const sha256 = (data: string | Buffer) => createHash("sha256").update(data).digest("hex");
const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html; the body must be as it was signed, too. */
export function isSigned(
  { method, url, headers }: Pick<IncomingMessage, "method" | "url" | "headers">,
  body: Buffer,
  keys = S3_KEYS,
) {
  const [, id, date, region, signedNames, signature] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([\w-]+)\/s3\/aws4_request, ?SignedHeaders=([\w;-]+), ?Signature=(\w{64})$/.exec(
      headers.authorization ?? "",
    ) ?? [];
  if (id !== keys.accessKeyId || date === undefined || region === undefined) return false;
  const names = signedNames!.split(";");
  const isWhole = ["host", "x-amz-content-sha256", "x-amz-date"].every((name) => names.includes(name));
  const bodyHash = String(headers["x-amz-content-sha256"]);
  if (!isWhole || bodyHash !== sha256(body)) return false;
  const [path = "", query = ""] = (url ?? "").split("?");
  const canonical = [
    method,
    path,
    query
      .split("&")
      .filter(Boolean)
      .map((pair) => (pair.includes("=") ? pair : `${pair}=`))
      .sort()
      .join("&"),
    ...names.map((name) => `${name}:${String(headers[name]).trim().replace(/\s+/g, " ")}`),
    "",
    signedNames,
    bodyHash,
  ].join("\n");
  const scope = `${date}/${region}/s3/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, sha256(canonical)].join("\n");
  const key = [region, "s3", "aws4_request"].reduce(hmac, hmac(`AWS4${keys.secretAccessKey}`, date));
  return hmac(key, text).toString("hex") === signature;
}
