import type { Store } from "@parley/store";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { HttpProblem } from "../http/problem.ts";
import type { RateLimits } from "../http/rate-limits.ts";
import { gate } from "./gate.ts";
import type { RecordingKeys } from "./sealing/keys.ts";

/** Of one piece, and of one segment: a day of sound and more. */
const MOST_PIECE_BYTES = 1024 * 1024;
const MOST_SEGMENT_BYTES = 512 * 1024 * 1024;
/** Of the store's connections; the others are for calls. */
const AT_ONCE = 3;
const MOST_WAITING = 64;

export interface ReceiveOptions {
  store: Pick<Store, "recordingSegments">;
  keys: RecordingKeys;
  /** The name of a worker's key, or null when it is not good. */
  workerKey(key: string): Promise<string | null>;
  limits: RateLimits;
  received(bytes: number): void;
}

const params = z.object({
  callId: z.string().regex(/^[\w.:-]{1,128}$/, { error: "1 to 128 letters, digits, and - _ . :" }),
  epoch: z.coerce.number().int().min(1).max(2_147_483_647),
});
const query = z.object({ offset: z.coerce.number().int().min(0).max(MOST_SEGMENT_BYTES) });
const taken = z.object({ receivedBytes: z.int() });

/** What workers record of calls, piece by piece; docs/recordings.md has the protocol. */
export async function receiveRecordings(app: FastifyInstance, options: ReceiveOptions): Promise<void> {
  const { store, keys, limits } = options;
  const enter = gate(AT_ONCE, MOST_WAITING);

  async function admit(request: FastifyRequest): Promise<void> {
    const key = /^Bearer (\S{1,512})$/.exec(request.headers.authorization ?? "")?.[1];
    if (key !== undefined && (await options.workerKey(key)) !== null) return;
    await limits.refused(request);
    throw new HttpProblem(
      401,
      "worker-key",
      "Send the worker's key, PARLEY_WORKER_KEY, as Authorization: Bearer <key>.",
    );
  }

  await app.register(async (uplink) => {
    uplink.removeAllContentTypeParsers();
    uplink.addContentTypeParser("application/octet-stream", { parseAs: "buffer" }, (_request, body, done) =>
      done(null, body),
    );
    uplink.put<{ Params: z.infer<typeof params>; Querystring: z.infer<typeof query>; Body: Buffer | undefined }>(
      "/uplink/recordings/:callId/:epoch",
      {
        // A worker sends what all of its calls record.
        config: { access: "itself", rateLimit: false },
        bodyLimit: MOST_PIECE_BYTES,
        onRequest: admit,
        schema: {
          summary: "For workers: what they record",
          hide: true,
          params,
          querystring: query,
          response: { 200: taken },
        },
      },
      async ({ id: requestId, params: { callId, epoch }, query: { offset }, body, headers }, reply) => {
        const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
        const piece = { callId, epoch, offset, bytes, isFinal: headers["parley-final"] === "1" };
        const { outcome, ...how } = await enter(() =>
          store.recordingSegments.receive(piece, { sealing: keys.pieces, mostBytes: MOST_SEGMENT_BYTES }),
        );
        switch (outcome) {
          case "taken":
            options.received(bytes.length);
            return how;
          case "mismatch":
            return reply
              .code(409)
              .type("application/problem+json")
              .serializer(JSON.stringify)
              .send({ ...mismatch, requestId, ...how });
          case "erased":
            throw new HttpProblem(410, "erased", "The call was erased, or its recording deleted: delete it too.");
          case "closed":
            throw new HttpProblem(410, "recording-closed", "The recording was made without it, and is closed.");
          case "too-long":
            throw new HttpProblem(413, "recording-too-long", `More than ${MOST_SEGMENT_BYTES} bytes of one segment.`);
          default:
            throw new Error(`unreachable: ${outcome satisfies never}`);
        }
      },
    );
  });
}

const mismatch = {
  type: "about:blank",
  title: "Conflict",
  status: 409,
  detail: "It begins behind the end of what is here: go on from receivedBytes.",
  code: "offset-mismatch",
};
