import assert from "node:assert/strict";
import type { Explanation } from "../../../cli/explain/explanation.ts";
import { type SealedObject, testSealer } from "../../support/in-process-sealing.ts";
import type { MemoryRun } from "../../support/memory-io.ts";
import { readTestKey } from "../../support/vectors.ts";

/** The key of most values that are explained. */
export const main = readTestKey("2048");
export const other = readTestKey("4096");
export const sealer = await testSealer(main.certificatePem);
/** Files of private keys, by their paths. */
export const keys = { "k.pem": main.privatePem, "other.pem": other.privatePem };
export const db: SealedObject = {
  namespace: "team-a",
  name: "db",
  items: { user: "al", password: "hunter2" },
};
export const sealed = await sealer.object(db);

type Items = Record<string, string>;
export const itemsOf = (object: object) => (object as { spec: { encryptedData: Items } }).spec.encryptedData;
/** `sealed` with other items, and more in its spec. */
export const withItems = (items: Items, more: object = {}) => ({
  ...sealed,
  spec: { encryptedData: items, ...more },
});

/** What a run with `-o json` explains. */
export function explanationsOf({ stdout, stderr }: MemoryRun): Explanation[] {
  assert.notEqual(stdout, "", stderr);
  return (JSON.parse(stdout) as { sealedSecrets: Explanation[] }).sealedSecrets;
}
