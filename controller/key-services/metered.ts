import { KeyServiceError } from "../../shared/seal/key-service-error.ts";
import type { KmsApi } from "../../shared/seal/kms-api.ts";
import type { TransitApi, TransitOpened } from "../../shared/seal/transit-api.ts";
import type { KeyServiceOperation, KeyServiceOutcome } from "../metrics/key-service-metrics.ts";

/** Told of each call that ended, and of the milliseconds it took. */
export type Meter = (
  operation: KeyServiceOperation,
  call: { outcome: KeyServiceOutcome; ms: number },
) => void;

/** How calls are measured. */
export type Metering = { meter: Meter; monotonic: () => number };

/** Tells a meter of each call on AWS KMS. */
export function meteredKms(api: KmsApi, metering: Metering): KmsApi {
  return {
    generateDataKey: (key, context, signal) =>
      metered("generate-data-key", () => api.generateDataKey(key, context, signal), ok, metering, signal),
    encrypt: (key, plaintext, context, signal) =>
      metered("encrypt", () => api.encrypt(key, plaintext, context, signal), ok, metering, signal),
    decrypt: (wrapped, context, signal) =>
      metered("decrypt", () => api.decrypt(wrapped, context, signal), okUnlessNull, metering, signal),
    reEncrypt: (wrapped, context, to, signal) =>
      metered(
        "re-encrypt",
        () => api.reEncrypt(wrapped, context, to, signal),
        okUnlessNull,
        metering,
        signal,
      ),
  };
}

/** Tells a meter of each call on Vault's Transit engines; of many values one that is refused counts, but for probes. */
export function meteredTransit(api: TransitApi, metering: Metering): TransitApi {
  return {
    describeKey: (name, signal) =>
      metered("describe-key", () => api.describeKey(name, signal), ok, metering, signal),
    encrypt: (name, binding, values, signal) =>
      metered("encrypt", () => api.encrypt(name, binding, values, signal), ok, metering, signal),
    decrypt: (name, binding, values, signal) =>
      metered(
        "decrypt",
        () => api.decrypt(name, binding, values, signal),
        (answers) => outcomeOfAll(answers.filter((_, at) => values[at]?.isProbe !== true)),
        metering,
        signal,
      ),
    rewrap: (name, values, signal) =>
      metered(
        "rewrap",
        () => api.rewrap(name, values, signal),
        (texts) => (texts.includes(null) ? "not-authentic" : "ok"),
        metering,
        signal,
      ),
    encryptUnbound: (name, plaintext, signal) =>
      metered("encrypt", () => api.encryptUnbound(name, plaintext, signal), ok, metering, signal),
    decryptUnbound: (name, ciphertext, signal) =>
      metered(
        "decrypt",
        () => api.decryptUnbound(name, ciphertext, signal),
        (answer) => outcomeOfAll([answer]),
        metering,
        signal,
      ),
  };
}

function ok(): KeyServiceOutcome {
  return "ok";
}

function okUnlessNull(answer: object | null): KeyServiceOutcome {
  return answer === null ? "not-authentic" : "ok";
}

function outcomeOfAll(answers: readonly TransitOpened[]): KeyServiceOutcome {
  const refusals = answers.flatMap((one) => ("refused" in one ? [one.refused] : []));
  if (refusals.length === 0) return "ok";
  return refusals.every((refused) => refused === "too-old") ? "too-old" : "not-authentic";
}

async function metered<T>(
  operation: KeyServiceOperation,
  call: () => Promise<T>,
  outcomeOf: (answer: T) => KeyServiceOutcome,
  { meter, monotonic }: Metering,
  signal: AbortSignal,
): Promise<T> {
  const begun = monotonic();
  const told = (outcome: KeyServiceOutcome) => meter(operation, { outcome, ms: monotonic() - begun });
  try {
    const answer = await call();
    told(outcomeOf(answer));
    return answer;
  } catch (error) {
    if (signal.aborted) told("aborted");
    else told(error instanceof KeyServiceError ? error.fault : "unavailable");
    throw error;
  }
}
