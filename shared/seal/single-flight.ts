import { unlessAborted } from "../unless-aborted.ts";

/** Lets callers that want the same thing at the same time share one work. */
export class SingleFlight<Value> {
  readonly #flights = new Map<string, { result: Promise<Value>; signal: AbortSignal }>();

  /**
   * Joins the work under that name, or begins it. When the one who began it goes away, one of the others begins anew.
   * @throws what the work threw; the signal's reason when aborted.
   */
  async run(id: string, work: (signal: AbortSignal) => Promise<Value>, signal: AbortSignal): Promise<Value> {
    for (;;) {
      signal.throwIfAborted();
      const flight = this.#flights.get(id);
      if (flight === undefined) return await this.#begin(id, work, signal);
      try {
        return await unlessAborted(flight.result, signal);
      } catch (error) {
        if (signal.aborted || !flight.signal.aborted) throw error;
      }
    }
  }

  async #begin(
    id: string,
    work: (signal: AbortSignal) => Promise<Value>,
    signal: AbortSignal,
  ): Promise<Value> {
    const result = work(signal);
    this.#flights.set(id, { result, signal });
    try {
      return await result;
    } finally {
      this.#flights.delete(id);
    }
  }
}
