import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** What a collector was sent, as OTLP's JSON has it. */
export interface SentSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: { key: string; value: { stringValue?: string } }[];
  status: { code?: number };
}
export interface SentMetric {
  name: string;
  unit: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a test expects of it, it says
  [kind: string]: any;
}

/** An OpenTelemetry collector on loopback, that takes what it is sent, or does not. */
export interface Collector {
  readonly url: string;
  /** `hangs`: it never answers. `fails`: 500. */
  manner: "takes" | "hangs" | "fails";
  readonly spans: SentSpan[];
  readonly metrics: SentMetric[];
  /** Requests that came, taken or not. */
  readonly requests: number;
  close(): Promise<void>;
}

export async function openCollector(port = 0): Promise<Collector> {
  const spans: SentSpan[] = [];
  const metrics: SentMetric[] = [];
  let requests = 0;
  const server = createServer(async (request, response) => {
    requests += 1;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (collector.manner === "hangs") return;
    if (collector.manner === "takes") {
      const body = JSON.parse(Buffer.concat(chunks).toString());
      for (const { scopeSpans } of body.resourceSpans ?? []) for (const scope of scopeSpans) spans.push(...scope.spans);
      for (const { scopeMetrics } of body.resourceMetrics ?? [])
        for (const scope of scopeMetrics) metrics.push(...scope.metrics);
    }
    response.writeHead(collector.manner === "takes" ? 200 : 500, { "content-type": "application/json" });
    response.end("{}");
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const collector: Collector = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    manner: "takes",
    spans,
    metrics,
    get requests() {
      return requests;
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return collector;
}
