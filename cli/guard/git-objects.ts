import type { GitProcess } from "../io.ts";
import { UnlookedError } from "./unlooked-error.ts";

/** Longer files are looked at as far as this. No Secret is nearly as long. */
export const MOST_BYTES = 16 * 1024 * 1024;

/** What a name in a repository leads to. */
export type Content = { bytes: Uint8Array; isCut: boolean };

const HEADER = /^[0-9a-f]{40,64} (blob|tree|commit|tag) (\d+)$/;
/** Asked for at once: Git answers one after the other, whatever lies between. */
const AT_ONCE = 500;

/** Reads objects of a repository, all of them by one `git cat-file --batch`. */
export class GitObjects {
  readonly #process: GitProcess;
  readonly #reader: ByteReader;

  /** @param process a run of `git cat-file --batch`. */
  constructor(process: GitProcess) {
    this.#process = process;
    this.#reader = new ByteReader(process.output);
  }

  /**
   * Reads files by names that Git knows: an object, `:PATH`, `COMMIT:PATH`. They are handed out in order, one at a time.
   * @param take gets null for what is not there, or is no file.
   * @throws UnlookedError when Git fails.
   */
  async read(
    names: readonly string[],
    take: (content: Content | null, index: number) => void | Promise<void>,
  ): Promise<void> {
    for (let start = 0; start < names.length; start += AT_ONCE) {
      // A name with a line break would be two: nothing has it.
      const asked = names.slice(start, start + AT_ONCE).map((name) => (name.includes("\n") ? "0" : name));
      this.#process.write(`${asked.join("\n")}\n`);
      for (const index of asked.keys()) await take(await this.#next(), start + index);
    }
  }

  /** Has Git end. */
  async close(): Promise<void> {
    this.#process.end();
    await this.#process.ended;
  }

  async #next(): Promise<Content | null> {
    const [, type, size = ""] = HEADER.exec(await this.#reader.line()) ?? [];
    if (type === undefined) return null;
    const bytes = await this.#reader.bytes(Number(size), MOST_BYTES);
    await this.#reader.bytes(1, 1);
    return type === "blob" ? { bytes, isCut: bytes.length < Number(size) } : null;
  }
}

/** Takes a stream apart into lines and stretches of known length. */
class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array();

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  /** Up to the next line feed, which is left out. */
  async line(): Promise<string> {
    const parts: Uint8Array[] = [];
    for (;;) {
      const end = this.#chunk.indexOf(0x0a);
      if (end !== -1) {
        parts.push(this.#chunk.subarray(0, end));
        this.#chunk = this.#chunk.subarray(end + 1);
        return new TextDecoder().decode(Buffer.concat(parts));
      }
      parts.push(this.#chunk);
      await this.#more();
    }
  }

  /** So many bytes, of which no more than `most` are kept. */
  async bytes(count: number, most: number): Promise<Uint8Array> {
    const kept: Uint8Array[] = [];
    let [left, room] = [count, most];
    while (left > 0) {
      if (this.#chunk.length === 0) await this.#more();
      const part = this.#chunk.subarray(0, left);
      this.#chunk = this.#chunk.subarray(part.length);
      left -= part.length;
      if (room > 0) kept.push(part.subarray(0, room));
      room -= part.length;
    }
    const [only] = kept;
    return kept.length === 1 && only !== undefined ? only : Buffer.concat(kept);
  }

  async #more(): Promise<void> {
    const { value, done } = await this.#chunks.next();
    if (done === true)
      throw new UnlookedError(
        "Git could not read the repository",
        "run git status and git fsck here: they say what is wrong; a partial or shallow clone may lack files",
      );
    this.#chunk = value;
  }
}
