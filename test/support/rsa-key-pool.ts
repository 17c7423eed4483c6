import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "../../node_modules/.cache/tests/rsa-2048");
let taken = 0;

/**
 * An RSA key of 2048 bits, of which to make takes longer than most tests. They are kept from run to run and protect
 * nothing: each call of a process gives another one, and each process gets the same ones.
 */
export function pooledRsaKey(): KeyObject {
  const file = join(folder, `${taken++}.pem`);
  return kept(file) ?? made(file);
}

function kept(file: string): KeyObject | null {
  try {
    return createPrivateKey(readFileSync(file));
  } catch {
    return null;
  }
}

function made(file: string): KeyObject {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  mkdirSync(folder, { recursive: true });
  // Whole or not at all, as another process may read it.
  const part = `${file}.${process.pid}`;
  writeFileSync(part, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  renameSync(part, file);
  return privateKey;
}
