import { KubeAnswerError } from "./api-error.ts";
import type { KubeObject, WatchEvent } from "./client.ts";
import { asKubeObject } from "./kube-object.ts";

const NEWLINE = 0x0a;
const MAX_LINE_BYTES = 64 * 1024 * 1024;
const TYPES: ReadonlySet<string> = new Set<WatchEvent["type"]>([
  "ADDED",
  "MODIFIED",
  "DELETED",
  "BOOKMARK",
  "ERROR",
]);

/**
 * Takes a watch apart: newline-delimited JSON in UTF-8, cut anywhere into chunks. A line is decoded only when it is
 * whole, so a character split between chunks survives.
 */
export class WatchDecoder {
  readonly #request: string;
  readonly #maxLineBytes: number;
  #pieces: Uint8Array[] = [];
  #pendingBytes = 0;

  /**
   * @param request what was asked, in words, for errors.
   * @param maxLineBytes an event longer than this is refused; 64 MiB by default.
   */
  constructor(request: string, maxLineBytes: number = MAX_LINE_BYTES) {
    this.#request = request;
    this.#maxLineBytes = maxLineBytes;
  }

  /** True when bytes of an unfinished line are held. */
  get isMidLine(): boolean {
    return this.#pendingBytes > 0;
  }

  /**
   * Events that the chunk completed, in order.
   * @throws KubeAnswerError when a line is no watch event or too long.
   */
  *push(chunk: Uint8Array): Generator<WatchEvent> {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start);
      if (end < 0) break;
      const line = this.#complete(chunk.subarray(start, end));
      start = end + 1;
      if (line.trim() !== "") yield this.#event(line);
    }
    this.#keep(chunk.subarray(start));
  }

  #complete(tail: Uint8Array): string {
    this.#keep(tail);
    const line = Buffer.concat(this.#pieces, this.#pendingBytes).toString("utf8");
    this.#pieces = [];
    this.#pendingBytes = 0;
    return line;
  }

  #keep(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#pendingBytes += piece.length;
    if (this.#pendingBytes > this.#maxLineBytes)
      throw new KubeAnswerError(this.#request, `an event is longer than ${this.#maxLineBytes} bytes`);
    this.#pieces.push(piece);
  }

  #event(line: string): WatchEvent {
    let parsed: unknown;
    try {
      parsed = JSON.parse(line);
    } catch {
      throw new KubeAnswerError(this.#request, "an event is not valid JSON");
    }
    if (typeof parsed === "object" && parsed !== null && "type" in parsed && "object" in parsed) {
      const object: KubeObject | null = asKubeObject(parsed.object);
      if (isType(parsed.type) && object !== null) return { type: parsed.type, object };
    }
    throw new KubeAnswerError(this.#request, "an event is not of the form it must have");
  }
}

function isType(type: unknown): type is WatchEvent["type"] {
  return typeof type === "string" && TYPES.has(type);
}
