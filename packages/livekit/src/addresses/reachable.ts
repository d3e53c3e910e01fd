/** Null: something answers HTTP there, and not to say that there is nothing behind it. Else what is wrong. Never throws. */
export async function whyUnreachable(url: string, timeoutMs: number, signal: AbortSignal): Promise<string | null> {
  try {
    const response = await fetch(url.replace(/^ws/, "http"), {
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    await response.body?.cancel();
    // A proxy whose server is gone.
    return response.status >= 502 && response.status <= 504 ? `it answered ${response.status}` : null;
  } catch (error) {
    if (error instanceof Error && error.name === "TimeoutError") return `no answer within ${timeoutMs} ms`;
    const { cause, message } = error as Error & { cause?: { code?: string; message?: string } };
    return cause?.code ?? cause?.message ?? message;
  }
}
