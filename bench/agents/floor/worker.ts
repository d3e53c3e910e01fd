import {
  JobStatus,
  JobType,
  type ServerMessage,
  ServerMessage as ServerMessages,
  WorkerMessage,
  WorkerStatus,
} from "@livekit/protocol";
import { AccessToken } from "livekit-server-sdk";

export interface Job {
  url: string;
  token: string;
}

/** LiveKit's agent protocol at its barest: takes every job, runs it, says how it ended. Prints `worker registered`. */
export async function work(run: (job: Job) => Promise<void>): Promise<void> {
  const { LIVEKIT_URL: url = "", LIVEKIT_API_KEY: key, LIVEKIT_API_SECRET: secret } = process.env;
  const token = new AccessToken(key, secret, { ttl: "6h" });
  token.addGrant({ agent: true });
  // Node's WebSocket takes headers; the DOM's type, which is in force here, doesn't know them.
  const options = { headers: { Authorization: `Bearer ${await token.toJwt()}` } } as unknown as string[];
  const socket = new WebSocket(`${url}/agent?protocol=1`, options);
  socket.binaryType = "arraybuffer";
  type Body = ConstructorParameters<typeof WorkerMessage>[0];
  const send = (message: NonNullable<Body>["message"]) =>
    message === undefined
      ? undefined
      : socket.send(new WorkerMessage({ message }).toBinary() as Uint8Array<ArrayBuffer>);
  let jobs = 0;

  const handle = async (message: ServerMessage["message"]) => {
    if (message.case === "register") console.log("worker registered");
    if (message.case === "availability") {
      const jobId = message.value.job?.id ?? "";
      const participantIdentity = `agent-${jobId}`;
      const answer = { jobId, available: true, participantIdentity, participantName: "floor" };
      send({ case: "availability", value: answer as never });
    }
    if (message.case !== "assignment") return;
    const jobId = message.value.job?.id ?? "";
    const status = (value: JobStatus, error = "") =>
      send({ case: "updateJob", value: { jobId, status: value, error } as never });
    status(JobStatus.JS_RUNNING);
    jobs++;
    send({ case: "updateWorker", value: { status: WorkerStatus.WS_AVAILABLE, load: 0, jobCount: jobs } as never });
    try {
      await run({ url: message.value.url || url, token: message.value.token });
      status(JobStatus.JS_SUCCESS);
    } catch (error) {
      console.error("job", error);
      status(JobStatus.JS_FAILED, String(error));
    }
    jobs--;
  };
  const allowedPermissions = { canPublish: true, canSubscribe: true, canPublishData: true, agent: true };
  const register = { type: JobType.JT_ROOM, agentName: "bench", version: "0", pingInterval: 30, allowedPermissions };
  socket.onopen = () => send({ case: "register", value: register as never });
  socket.onmessage = ({ data }) => void handle(ServerMessages.fromBinary(new Uint8Array(data)).message);
  socket.onclose = ({ code, reason }) => {
    console.error("worker socket closed", code, reason);
    process.exit(1);
  };
  setInterval(() => send({ case: "ping", value: { timestamp: BigInt(Date.now()) } as never }), 30_000);
}
