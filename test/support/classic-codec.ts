import assert from "node:assert/strict";
import { toBase64 } from "../../shared/bytes.ts";
import type { Scope } from "../../shared/scope.ts";
import { readCertificate, sealingKeyOf } from "../../shared/seal/certificate.node.ts";
import { certificateSealer } from "../../shared/seal/classic-sealer.node.ts";
import { readOpeningKey } from "../../shared/seal/opening-key.node.ts";
import {
  classicSealer,
  classicUnsealer,
  NotBase64Error,
  type OpeningKey,
} from "../../shared/seal/rsa-hybrid.ts";
import type { Outcome, Sealer } from "../../shared/seal/sealer.ts";
import { readTestKey } from "./vectors.ts";

/** A signal that is never aborted. */
export const signal = new AbortController().signal;
/** Where the tests' objects stand. */
export const strict = { kind: "strict", namespace: "team-a", name: "db" } as const satisfies Scope;
/** The sizes of key that are in use, which are names of test keys too. */
export const sizes = ["2048", "3072", "4096"];

/** All test keys. */
export const names = [...sizes, "other-2048"];
const keys = new Map(
  await Promise.all(
    names.map(async (name) => [name, await readOpeningKey(readTestKey(name).privatePem)] as const),
  ),
);

/** The private half of a test key, ready to open. */
export function keyOf(name: string): OpeningKey {
  const key = keys.get(name);
  assert.ok(key !== undefined);
  return key;
}

/** Opens one value, by default strictly, with the key 2048 and the diagnosis. */
export async function open(
  sealed: string,
  scope: Scope = strict,
  { ring = [keyOf("2048")], diagnose = true }: { ring?: readonly OpeningKey[]; diagnose?: boolean } = {},
): Promise<Outcome> {
  const unsealer = classicUnsealer(ring, { diagnose });
  const outcomes = await unsealer.unsealAll(new Map([["v", sealed]]), { clusterId: null, scope }, signal);
  const outcome = outcomes.get("v");
  assert.ok(outcome !== undefined && outcomes.size === 1);
  return outcome;
}

/** Both sealers of the classic format, by what they are made with. */
export async function sealers(name: string): Promise<[string, Sealer][]> {
  const certificate = readCertificate(readTestKey(name).certificatePem);
  return [
    ["WebCrypto", classicSealer(await sealingKeyOf(certificate))],
    ["Node", certificateSealer(certificate)],
  ];
}

/** Seals one value. */
export async function seal(sealer: Sealer, plaintext: Uint8Array, scope: Scope = strict): Promise<string> {
  const sealed = await sealer.sealAll(new Map([["v", plaintext]]), { clusterId: null, scope });
  const text = sealed.get("v");
  assert.ok(text !== undefined && sealed.size === 1);
  return text;
}

/** A sealer under the key 2048. */
export const [[, sealer2048] = assert.fail()] = await sealers("2048");

/** An outcome in the words of the vectors. */
export function spelled(outcome: Outcome): object {
  switch (outcome.kind) {
    case "opened":
      return { outcome: "opened", plaintext: toBase64(outcome.plaintext) };
    case "not-my-key":
    case "not-tried":
      return { outcome: outcome.kind };
    case "sealed-elsewhere":
      return { outcome: "sealed-elsewhere", labelHash: Buffer.from(outcome.labelHash).toString("hex") };
    case "malformed":
      return {
        outcome: "malformed",
        code: outcome.error.code,
        ...(outcome.error instanceof NotBase64Error ? { offset: outcome.error.offset } : {}),
      };
  }
}
