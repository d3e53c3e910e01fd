export interface FetchLimits {
  /** For the answer's head, and then for each further piece of its body. */
  stallMs: number;
  maxBytes: number;
  signal?: AbortSignal | undefined;
}

/** Downloads a file into memory. Throws an Error that says what went wrong: status, stall, or more than `maxBytes`. */
export async function fetchBytes(url: string, limits: FetchLimits): Promise<Uint8Array> {
  const stalled = new AbortController();
  let timer = setTimeout(() => stalled.abort(), limits.stallMs);
  const rearm = () => {
    clearTimeout(timer);
    timer = setTimeout(() => stalled.abort(), limits.stallMs);
  };
  try {
    const signal = limits.signal ? AbortSignal.any([stalled.signal, limits.signal]) : stalled.signal;
    const response = await fetch(url, { signal });
    if (!response.ok || !response.body) throw new Error(`${url} answered ${response.status}`);
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of response.body) {
      rearm();
      length += chunk.length;
      if (length > limits.maxBytes) throw new Error(`${url} is larger than ${limits.maxBytes} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, length);
  } catch (error) {
    if (stalled.signal.aborted) throw new Error(`${url} sent nothing for ${limits.stallMs} ms`, { cause: error });
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : "";
    throw error instanceof TypeError ? new Error(`${url} could not be reached${cause}`, { cause: error }) : error;
  } finally {
    clearTimeout(timer);
  }
}
