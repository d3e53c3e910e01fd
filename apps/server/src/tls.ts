import { readFileSync, statSync } from "node:fs";
import { createServer, type Server } from "node:https";
import { createSecureContext } from "node:tls";
import { ParleyError } from "@parley/engine";
import type { FastifyInstance } from "fastify";
import type { ServerLog } from "./log.ts";

/** Certificates are renewed every few weeks, and nobody is to be cut off for it. */
const LOOK_MS = 60_000;

/** Paths of PEM files: the certificate with its chain, and its key. */
export interface TlsFiles {
  cert: string;
  key: string;
}

export interface TlsFront {
  /** Idempotent. */
  close(): void;
}

/**
 * TLS (1.2 at least) in front of an app that listens on loopback without. The files are read again when they change.
 * Throws ParleyError `tls-files-bad`, or what `listen` throws.
 */
export async function openTlsFront(
  app: FastifyInstance,
  files: TlsFiles,
  at: { host: string; port: number },
  log: ServerLog,
): Promise<TlsFront> {
  const { server: plain } = app;
  const front = createServer({ ...read(files), minVersion: "TLSv1.2" }, (request, reply) =>
    app.routing(request, reply),
  );
  front.headersTimeout = plain.headersTimeout;
  front.requestTimeout = plain.requestTimeout;
  front.keepAliveTimeout = plain.keepAliveTimeout;
  front.on("upgrade", (request, socket, head) => plain.emit("upgrade", request, socket, head));
  // Whoever speaks no TLS, or breaks off, is no fault of ours.
  front.on("tlsClientError", (error) => log.debug({ err: error }, "a TLS handshake failed"));
  await new Promise<void>((resolve, reject) => {
    front.once("error", reject).listen(at.port, at.host, () => resolve());
  });
  const stopLooking = renew(front, files, log);
  return {
    close() {
      stopLooking();
      front.close();
      front.closeAllConnections();
    },
  };
}

function renew(front: Server, files: TlsFiles, log: ServerLog): () => void {
  let seen = changedAt(files);
  const timer = setInterval(() => {
    try {
      const now = changedAt(files);
      if (now === seen) return;
      front.setSecureContext(read(files));
      seen = now;
      log.info("the TLS certificate was renewed");
    } catch (error) {
      log.error({ err: error }, "a new TLS certificate cannot be used; the old one stays");
    }
  }, LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

const changedAt = ({ cert, key }: TlsFiles): string => [cert, key].map((path) => statSync(path).mtimeMs).join(" ");

function read(files: TlsFiles): { cert: Buffer; key: Buffer } {
  try {
    const pair = { cert: readFileSync(files.cert), key: readFileSync(files.key) };
    createSecureContext(pair);
    return pair;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ParleyError(
      `PARLEY_TLS_CERT and PARLEY_TLS_KEY must name the PEM files of a certificate and of its key: ${why}`,
      { code: "tls-files-bad", category: "configuration", cause },
    );
  }
}
