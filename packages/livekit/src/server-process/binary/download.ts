import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { LIVEKIT_SERVER_VERSION } from "../version.ts";
import { checksumFor } from "./checksums.ts";
import { fetchBytes } from "./fetch-bytes.ts";
import { fileFromTarGz } from "./untar.ts";

const RELEASES = "https://github.com/livekit/livekit/releases/download";
const MAX_ARCHIVE_BYTES = 200 * 1024 * 1024;

export interface DownloadOptions {
  platform: string;
  arch: string;
  /** Where the release lives; another host must hold `<base>/v<version>/<archive>` and `checksums.txt` beside it. */
  baseUrl?: string | undefined;
  /** SHA-256 of the archive, hex. Given, it must match as well as the release's own checksums. */
  pinnedSha256?: string | undefined;
  stallMs?: number;
  signal?: AbortSignal | undefined;
}

/** The name of the release's archive for a platform, or null where LiveKit publishes none (macOS has Homebrew). */
export function archiveName(platform: string, arch: string): string | null {
  const name = { x64: "amd64", arm64: "arm64" }[arch];
  return platform === "linux" && name ? `livekit_${LIVEKIT_SERVER_VERSION}_linux_${name}.tar.gz` : null;
}

/**
 * Downloads livekit-server's release, checks it against the release's checksums.txt (fetched over the same https
 * origin) and the pinned digest if there is one, and puts the program at `target` in one step. Throws an Error that
 * says why not; nothing is left behind then.
 */
export async function downloadServer(target: string, options: DownloadOptions): Promise<void> {
  const { platform, arch, stallMs = 30_000, signal } = options;
  const archive = archiveName(platform, arch);
  if (archive === null) {
    const hint = platform === "darwin" ? " (`brew install livekit` puts one on the PATH)" : "";
    throw new Error(`LiveKit publishes no build for ${platform}/${arch}${hint}`);
  }
  refusePlainHttp(options);
  const base = `${(options.baseUrl ?? RELEASES).replace(/\/$/, "")}/v${LIVEKIT_SERVER_VERSION}`;
  const sums = await fetchBytes(`${base}/checksums.txt`, { stallMs, maxBytes: 100_000, signal });
  const expected = checksumFor(Buffer.from(sums).toString("utf8"), archive);
  if (expected === null) throw new Error(`${base}/checksums.txt does not name ${archive}`);
  const pinned = options.pinnedSha256?.toLowerCase();
  if (pinned && pinned !== expected) {
    throw new Error(`the release's checksum of ${archive} is ${expected}, but ${pinned} is pinned`);
  }
  const bytes = await fetchBytes(`${base}/${archive}`, { stallMs, maxBytes: MAX_ARCHIVE_BYTES, signal });
  const actual = createHash("sha256").update(bytes).digest("hex");
  if (actual !== expected) throw new Error(`${archive} has the SHA-256 ${actual}, but ${expected} was expected`);
  const program = fileFromTarGz(bytes, "livekit-server");
  if (program === null) throw new Error(`${archive} holds no livekit-server`);
  install(program, target);
}

/** A checksum fetched over plain http proves nothing: then it must be pinned, unless the mirror is this machine. */
function refusePlainHttp({ baseUrl, pinnedSha256 }: DownloadOptions): void {
  if (baseUrl === undefined || pinnedSha256) return;
  const { protocol, hostname } = new URL(baseUrl);
  if (protocol === "https:" || hostname === "127.0.0.1" || hostname === "localhost") return;
  throw new Error(`${baseUrl} is not https: use an https mirror, or pin the archive's digest (LIVEKIT_SERVER_SHA256)`);
}

function install(program: Uint8Array, target: string): void {
  mkdirSync(dirname(target), { recursive: true });
  const temporary = `${target}.${process.pid}`;
  try {
    writeFileSync(temporary, program);
    chmodSync(temporary, 0o755);
    renameSync(temporary, target);
  } finally {
    rmSync(temporary, { force: true });
  }
}
