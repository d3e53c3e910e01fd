/** One value of a multipart body; undefined without it. */
export function field(body: Buffer, name: string): string | undefined {
  const at = body.indexOf(`name="${name}"`);
  const value = at < 0 ? -1 : body.indexOf("\r\n\r\n", at);
  if (value < 0) return undefined;
  const end = body.indexOf("\r\n", value + 4);
  return body.toString("utf8", value + 4, end < 0 ? body.length : end).trim();
}

/** The WAV file in a multipart body, without what comes behind it: a file that was streamed does not say its length. */
export function wavPart(body: Buffer): Buffer {
  const from = body.indexOf("RIFF");
  if (from < 0) return Buffer.alloc(0);
  const boundary = body.subarray(0, Math.max(0, body.indexOf("\r\n")));
  const end = boundary.length === 0 ? -1 : body.indexOf(boundary, from);
  return body.subarray(from, end < 0 ? body.length : end - "\r\n".length);
}
