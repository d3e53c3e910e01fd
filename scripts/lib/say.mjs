/** Progress for people, on standard error: standard output belongs to the lines that programs wait for. */
export function say(text) {
  process.stderr.write(`${text}\n`);
}

/** Ends the script with a message that says what to do. */
export function stop(text, exitCode = 1) {
  say(text);
  process.exit(exitCode);
}
