import { expect } from "vitest";
import { fact, upTo } from "../test/log-file.ts";
import { HELLO, test, until } from "../test/uplink-test.ts";

test("a worker that sends and does not wait is read only as fast as the store takes it", async ({
  sink,
  serve,
  connect,
}) => {
  const { url } = await serve();
  const release = sink.hold();
  const { socket, messages } = await connect(url);
  socket.send(HELLO);
  const text = "x".repeat(50_000);
  for (let seq = 1; seq <= 400; seq += 1) {
    socket.send(
      JSON.stringify({ type: "facts", batch: seq, callId: "c", epoch: 1, facts: [fact("c", seq, 1, { text })] }),
    );
  }
  await until(() => expect(messages).toHaveLength(1));
  // 20 MB are on their way; the server takes a few messages and leaves the rest in the sockets.
  for (let before = -1, same = 0; same < 8; ) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    same = socket.bufferedAmount === before ? same + 1 : 0;
    before = socket.bufferedAmount;
  }
  expect(socket.bufferedAmount).toBeGreaterThan(5_000_000);
  release();
  await until(() => expect(sink.of("c")).toEqual(upTo(400)));
  await until(() => expect(messages.filter((message) => message.type === "ack")).toHaveLength(400));
});
