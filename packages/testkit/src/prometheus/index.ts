import parse from "parse-prometheus-text-format";

/** What a `/metrics` answered, as Prometheus' own format is read. */
export interface Scrape {
  /** Kinds by name. */
  types: Record<string, string>;
  /**
   * The samples of this name with (at least) these labels, summed; null: there is none. Of histograms that of
   * `…_count`, `…_sum` or `…_bucket`.
   */
  value(sample: string, labels?: Readonly<Record<string, string>>): number | null;
}

export function readPrometheus(text: string): Scrape {
  // The parser throws the series of a labelled histogram together: without types it reads every line by itself.
  const samples = parse(text.replace(/^# TYPE .*\n/gm, ""));
  return {
    types: Object.fromEntries(parse(text).map(({ name, type }) => [name, type])),
    value(sample, labels = {}) {
      const wanted = samples
        .filter(({ name }) => name === sample)
        .flatMap(({ metrics }) => metrics)
        .filter((one) => Object.entries(labels).every(([key, value]) => one.labels?.[key] === value));
      return wanted.length === 0 ? null : wanted.reduce((sum, { value }) => sum + Number(value), 0);
    },
  };
}
