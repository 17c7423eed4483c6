import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Scope } from "../../shared/scope.ts";

const folder = join(import.meta.dirname, "../vectors");

/** What a classic case expects: one outcome (test/vectors/README.md). */
export type ClassicExpectation =
  | { outcome: "opened"; plaintext: string }
  | { outcome: "not-my-key" }
  | { outcome: "sealed-elsewhere"; label: string }
  | { outcome: "malformed"; code: string; offset?: number };

/** One case of the classic format. */
export type ClassicVector = {
  name: string;
  point: string;
  madeBy: string;
  /** Names for `readTestKey`. */
  keys: string[];
  scope: Scope;
  sealed: string;
  expect: ClassicExpectation;
};

/**
 * Reads every case in a folder of test/vectors.
 * @throws Error when there is none: an empty loop must not pass.
 */
export function readVectors<Vector>(path: string): (Vector & { name: string })[] {
  const files = readdirSync(join(folder, path)).filter((file) => file.endsWith(".json"));
  if (files.length === 0) throw new Error(`no vectors in test/vectors/${path}`);
  return files.sort().map((file) => {
    const vector = JSON.parse(readFileSync(join(folder, path, file), "utf8")) as Vector;
    return { ...vector, name: file.replace(/\.json$/, "") };
  });
}

/** A key made for tests, published with the vectors: it protects nothing. */
export type TestKey = {
  privatePem: string;
  certificatePem: string;
  fingerprint: string;
  privateFile: string;
  certificateFile: string;
};

/** Reads the test key of that name: `2048`, `3072`, `4096` or `other-2048`. */
export function readTestKey(name: string): TestKey {
  const stem = join(folder, "classic/keys", `test-only-rsa-${name}`);
  const privateFile = `${stem}.key.pem`;
  const certificateFile = `${stem}.cert.pem`;
  return {
    privateFile,
    certificateFile,
    privatePem: readFileSync(privateFile, "utf8"),
    certificatePem: readFileSync(certificateFile, "utf8"),
    fingerprint: readFileSync(`${stem}.fingerprint`, "utf8").trim(),
  };
}
