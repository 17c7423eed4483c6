import { utf8 } from "../../../shared/bytes.ts";
import { InputError, SealError } from "../../../shared/errors.ts";
import { scopeAt } from "../../../shared/scope.ts";
import { type Certificate, readCertificate } from "../../../shared/seal/certificate.node.ts";
import { certificateSealer } from "../../../shared/seal/classic-sealer.node.ts";
import { classicUnsealer } from "../../../shared/seal/classic-unsealer.ts";
import { readOpeningKey } from "../../../shared/seal/opening-key.node.ts";

const NEVER = new AbortController().signal;

/**
 * Proves that a private key opens what is sealed under a certificate, by sealing something and opening it.
 * @param where names the key in errors.
 * @returns the certificate.
 * @throws InputError where either cannot be read, or it does not open.
 */
export async function provePair(
  certificatePem: string,
  privateKeyPem: string,
  where: string,
): Promise<Certificate> {
  const certificate = part(where, "tls.crt", () => readCertificate(certificatePem));
  const opening = await partLater(where, "tls.key", readOpeningKey(utf8(privateKeyPem)));
  const binding = { clusterId: null, scope: scopeAt("strict", { namespace: "canary", name: "canary" }) };
  const plain = crypto.getRandomValues(new Uint8Array(32));
  const sealed = await certificateSealer(certificate).sealAll(new Map([["canary", plain]]), binding);
  const outcome = (
    await classicUnsealer([opening], { diagnose: false }).unsealAll(sealed, binding, NEVER)
  ).get("canary");
  if (outcome?.kind === "opened" && Buffer.compare(outcome.plaintext, plain) === 0) return certificate;
  throw unfit(where, "the key in tls.key does not open what is sealed under the certificate in tls.crt");
}

function part<T>(where: string, item: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw unfit(where, `${item} ${error instanceof SealError ? error.message : "cannot be read"}`);
  }
}

async function partLater<T>(where: string, item: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    throw unfit(where, `${item} ${error instanceof SealError ? error.message : "cannot be read"}`);
  }
}

function unfit(where: string, problem: string): InputError {
  return new InputError(
    `${where} is no sealing key to use: ${problem}`,
    "take another copy of it, or leave it out",
  );
}
