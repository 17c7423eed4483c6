import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Metrics } from "../metrics.ts";

/** A text that took longer than this to make serves several times as long, but never longer than a second. */
const LONG_MS = 300;
const SHARE_FACTOR = 5;
const MOST_SHARED_MS = 1000;
const compress = promisify(gzip);

/** The metrics as text, made once for requests that come close together: of many objects each takes a while. */
export class MetricsText {
  readonly #metrics: Metrics;
  #made: { text: Promise<string>; until: number } | null = null;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  /** @param acceptEncoding the request's header of that name. */
  async read(acceptEncoding: string | undefined): Promise<{ body: string | Buffer; gzip: boolean }> {
    const text = await this.#text();
    if (!wantsGzip(acceptEncoding)) return { body: text, gzip: false };
    return { body: await compress(text), gzip: true };
  }

  #text(): Promise<string> {
    if (this.#made !== null && performance.now() < this.#made.until) return this.#made.text;
    const began = performance.now();
    const made = { text: this.#metrics.registry.metrics(), until: Number.POSITIVE_INFINITY };
    const settle = () => {
      const now = performance.now();
      const tookMs = now - began;
      if (tookMs < LONG_MS) this.#forget(made);
      else made.until = now + Math.min(MOST_SHARED_MS, SHARE_FACTOR * tookMs);
    };
    made.text.then(settle, () => this.#forget(made));
    this.#made = made;
    return made.text;
  }

  #forget(made: { text: Promise<string> }): void {
    if (this.#made === made) this.#made = null;
  }
}

function wantsGzip(acceptEncoding = ""): boolean {
  return acceptEncoding.split(",").some((entry) => {
    const [coding = "", ...parameters] = entry.split(";").map((part) => part.trim().toLowerCase());
    return coding === "gzip" && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}
