import { type Bytes, toBase64, utf8 } from "../../shared/bytes.ts";
import type { DataKeyCache } from "../../shared/seal/data-key-cache.ts";
import { transitKeyText } from "../../shared/seal/key-text.ts";
import type { KmsApi, KmsContext, WrappedDataKey } from "../../shared/seal/kms-api.ts";
import type { RefusalId, RefusalMemory } from "../../shared/seal/refusal-memory.ts";
import type { TransitApi, TransitKeyName, TransitOpened } from "../../shared/seal/transit-api.ts";

/** What is kept of answers: data keys in clear for a short time, refusals by a hash. */
export type AnswerMemory = { dataKeys: DataKeyCache; refused: RefusalMemory };

/** Aliases may be pointed to another key, and keys of Vault be given their former material back. */
const REFUSED_FOR_MS = 10 * 60_000;

/** AWS KMS as SOPS documents are opened by it: a blob that was asked for lately, under the same key and context, costs no call. */
export function rememberedKms(api: KmsApi, { dataKeys, refused }: AnswerMemory): KmsApi {
  return {
    generateDataKey: (...call) => api.generateDataKey(...call),
    encrypt: (...call) => api.encrypt(...call),
    reEncrypt: (...call) => api.reEncrypt(...call),
    async decrypt(wrapped, context, signal) {
      const id = kmsId(wrapped, context);
      if (refused.recall(id) === "not-authentic") return null;
      const ask = (asking: AbortSignal) => api.decrypt(wrapped, context, asking);
      const dataKey = await dataKeys.unwrapped(wrapped, context, ask, signal);
      if (dataKey === null) refused.remember(id, "not-authentic", REFUSED_FOR_MS);
      return dataKey;
    },
  };
}

/** Vault's Transit engines, likewise. A version that is too old is asked for each time, since that is mended in Vault. */
export function rememberedTransit(api: TransitApi, { dataKeys, refused }: AnswerMemory): TransitApi {
  return {
    describeKey: (...call) => api.describeKey(...call),
    encrypt: (...call) => api.encrypt(...call),
    decrypt: (...call) => api.decrypt(...call),
    rewrap: (...call) => api.rewrap(...call),
    encryptUnbound: (...call) => api.encryptUnbound(...call),
    async decryptUnbound(name, ciphertext, signal) {
      const id = vaultId(name, ciphertext);
      if (refused.recall(id) === "not-authentic") return { refused: "not-authentic" };
      const answers: TransitOpened[] = [];
      const ask = async (asking: AbortSignal): Promise<Bytes | null> => {
        const answer = await api.decryptUnbound(name, ciphertext, asking);
        answers.push(answer);
        return "plaintext" in answer ? answer.plaintext : null;
      };
      const wrapped = { key: `vault:${transitKeyText(name)}`, blob: utf8(ciphertext) };
      const dataKey = await dataKeys.unwrapped(wrapped, {}, ask, signal);
      if (dataKey !== null) return { plaintext: dataKey };
      // Who joined another's call was not told why it was refused.
      const answer = answers[0] ?? (await api.decryptUnbound(name, ciphertext, signal));
      if ("refused" in answer && answer.refused === "not-authentic")
        refused.remember(id, "not-authentic", REFUSED_FOR_MS);
      return answer;
    },
  };
}

function kmsId({ key, blob }: WrappedDataKey, context: KmsContext): RefusalId {
  const pairs = Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1));
  return ["sops-kms", key, toBase64(blob), ...pairs.flat()];
}

function vaultId(name: TransitKeyName, ciphertext: string): RefusalId {
  return ["sops-vault", transitKeyText(name), ciphertext];
}
