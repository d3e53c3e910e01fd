/** Sound in a form Parley cannot read. The message says what was found and what would do. */
export class AudioFormatError extends Error {
  readonly code = "audio-format";

  constructor(message: string) {
    super(message);
    this.name = "AudioFormatError";
  }
}
