import assert from "node:assert/strict";
import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import type { TestContext } from "node:test";

/** Keeps a hold of secret bytes on their way through calls, to see afterwards that whoever had them wiped them. */
export class HeldBytes {
  readonly #held: Uint8Array[] = [];

  /** @returns the bytes themselves. */
  hold<Kind extends Uint8Array>(bytes: Kind): Kind {
    assert.ok(
      bytes.some((byte) => byte !== 0),
      "they say something",
    );
    this.#held.push(bytes);
    return bytes;
  }

  /** @param count how many are held. */
  requireWiped(count: number): void {
    const left = this.#held.filter((bytes) => bytes.some((byte) => byte !== 0));
    assert.deepEqual([this.#held.length, left.length], [count, 0], "held, and of these not wiped");
  }
}

/** Holds what keys are imported from by WebCrypto, until the test ends. */
export function heldAtImport({ mock }: TestContext): HeldBytes {
  const held = new HeldBytes();
  const subtle = globalThis.crypto.subtle;
  const importKey = subtle.importKey as (...call: unknown[]) => Promise<unknown>;
  const watched = (...call: unknown[]) => {
    if (call[1] instanceof Uint8Array) held.hold(call[1]);
    return importKey.apply(subtle, call);
  };
  mock.method(subtle, "importKey", watched as typeof subtle.importKey);
  return held;
}

/** Holds what WebCrypto decrypts, until the test ends. */
export function heldAtDecrypt({ mock }: TestContext, held: HeldBytes): void {
  const subtle = globalThis.crypto.subtle;
  const decrypt = subtle.decrypt as (...call: unknown[]) => Promise<ArrayBuffer>;
  const watched = async (...call: unknown[]) => {
    const plaintext = await decrypt.apply(subtle, call);
    held.hold(new Uint8Array(plaintext));
    return plaintext;
  };
  mock.method(subtle, "decrypt", watched as typeof subtle.decrypt);
}

/** Holds what a function of node:crypto returns, until the test ends. */
export function heldFrom(context: TestContext, name: "randomBytes" | "privateDecrypt"): HeldBytes {
  const held = new HeldBytes();
  const real: (...call: never[]) => unknown = crypto[name];
  const watched = (...call: never[]) => {
    const result = real(...call);
    return result instanceof Uint8Array ? held.hold(result) : result;
  };
  const { mock } = context.mock.method(crypto, name, watched as (typeof crypto)[typeof name]);
  syncBuiltinESMExports();
  context.after(() => {
    mock.restore();
    syncBuiltinESMExports();
  });
  return held;
}

/** Counts buffers that are wiped while they hold a text, until the test ends. */
export function wipedWith({ mock }: TestContext, text: string): () => number {
  const wanted = Buffer.from(text);
  const wiped = new Set<Uint8Array>();
  const fill = Uint8Array.prototype.fill;
  mock.method(Uint8Array.prototype, "fill", function (this: Uint8Array, ...call: Parameters<typeof fill>) {
    if (call[0] === 0 && call.length === 1 && Buffer.from(this).includes(wanted)) wiped.add(this);
    return fill.apply(this, call);
  });
  return () => wiped.size;
}
