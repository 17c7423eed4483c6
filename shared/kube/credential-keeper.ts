import type { KubeConnection } from "./config.ts";
import type { CredentialSource, Credentials } from "./credentials.ts";
import { isPlain, PlainCredentials } from "./plain-credentials.ts";

/** Credentials and when they were read; compared by identity to tell whether somebody renewed them already. */
export type Held = { readonly credentials: Credentials; readonly readAtMs: number };

const DEFAULT_MAX_AGE_MS = 10_000;

/**
 * Keeps credentials for some seconds, so that a token that is rotated on disk is taken up without a look at the disk
 * for each request. Reads of several requests at once are one read.
 */
export class CredentialKeeper {
  readonly #connection: KubeConnection;
  readonly #maxAgeMs: number;
  #source: CredentialSource | null = null;
  #held: Held | null = null;
  #reading: Promise<Held> | null = null;

  constructor(connection: KubeConnection, maxAgeMs: number = DEFAULT_MAX_AGE_MS) {
    this.#connection = connection;
    this.#maxAgeMs = maxAgeMs;
  }

  /** @throws KubeConfigError when there are none at all; a failed refresh leaves the former ones in use. */
  async current(): Promise<Held> {
    const held = this.#held;
    if (held === null) return this.#read(false);
    if (performance.now() - held.readAtMs < this.#maxAgeMs) return held;
    return this.#read(false).catch(() => held);
  }

  /**
   * Credentials newer than those that the server refused.
   * @throws KubeConfigError when they cannot be had.
   */
  async renewed(refused: Held): Promise<Held> {
    // A read already under way may have begun before the refusal.
    await this.#reading?.catch(() => undefined);
    const held = this.#held;
    if (held !== null && held.readAtMs > refused.readAtMs) return held;
    return this.#read(true);
  }

  #read(afresh: boolean): Promise<Held> {
    this.#reading ??= this.#readOnce(afresh).finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #readOnce(afresh: boolean): Promise<Held> {
    const source = this.#source ?? (await open(this.#connection));
    this.#source = source;
    const readAtMs = performance.now();
    const credentials = await source.read(afresh);
    this.#held = { credentials, readAtMs };
    return this.#held;
  }
}

/**
 * Tokens, passwords and certificates are read by us. The library that knows plugins and proxies is loaded for those
 * alone: it takes as long to load as the whole rest, and keeps a good part of the memory.
 */
async function open(connection: KubeConnection): Promise<CredentialSource> {
  if (isPlain(connection)) return new PlainCredentials(connection);
  const { LibraryCredentials } = await import("./library-credentials.ts");
  return new LibraryCredentials(connection);
}
