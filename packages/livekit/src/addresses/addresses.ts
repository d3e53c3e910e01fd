/** What is remembered of addresses that failed; a configuration names a handful. */
const MOST_REMEMBERED = 64;

/** The addresses of one LiveKit: those that failed and have not worked since are tried last. */
export class Addresses {
  readonly #failed = new Set<string>();

  /** Otherwise in the order given; each once. */
  inTurn(urls: readonly string[]): string[] {
    const each = [...new Set(urls)];
    return [...each.filter((url) => !this.#failed.has(url)), ...each.filter((url) => this.#failed.has(url))];
  }

  worked(url: string): void {
    this.#failed.delete(url);
  }

  failed(url: string): void {
    this.#failed.add(url);
    if (this.#failed.size > MOST_REMEMBERED) this.#failed.delete(this.#failed.values().next().value!);
  }
}

/** Of this process: a call need not learn what the one before it has learnt. */
export const processAddresses = new Addresses();
