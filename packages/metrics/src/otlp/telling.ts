interface Result {
  /** 0: it was taken. */
  code: number;
  error?: Error;
}
interface Exporter<T> {
  export(batch: T, done: (result: Result) => void): void;
}

/** An exporter that says once when the collector does not take what it is sent, and once when it does again. */
export function telling<T, E extends Exporter<T>>(
  exporter: E & Exporter<T>,
  what: string,
  log: { warn(fields: object, message: string): void; info(message: string): void },
): E {
  const send = exporter.export.bind(exporter);
  let isAway = false;
  exporter.export = (batch, done) =>
    send(batch, (result) => {
      if (result.code !== 0 && !isAway)
        log.warn({ error: result.error?.message }, `the OpenTelemetry collector does not take our ${what}`);
      if (result.code === 0 && isAway) log.info(`the OpenTelemetry collector takes our ${what} again`);
      isAway = result.code !== 0;
      done(result);
    });
  return exporter;
}
