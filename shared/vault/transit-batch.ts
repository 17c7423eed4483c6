import type { TransitOpened } from "../seal/transit-api.ts";
import { dataOf, mapping, succeeded, type VaultAnswer, type VaultBody } from "./vault-answer.ts";
import { type Asked, unexpectedAnswer, vaultFault } from "./vault-fault.ts";

/** Why one value of a batch was refused. */
type Refusal = Extract<TransitOpened, { refused: unknown }>["refused"];

/** What became of one value of a batch: its fields, or why it was refused. */
export type BatchResult = { fields: VaultBody } | { refused: Refusal };

// Phrases of Vault 1.21's sdk/helper/keysutil/policy.go and of the ciphers of Go.
const REFUSALS: readonly { says: RegExp; means: Refusal }[] = [
  { says: /message authentication failed/, means: "not-authentic" },
  { says: /too old|no such key version/, means: "too-old" },
];

/**
 * What became of the values of a batch, in their order. Vault answers 400 when some of them failed, with the results of
 * all.
 * @param count how many were sent.
 * @throws KeyServiceError when it was the request that failed, or the key has become one of another kind.
 */
export function batchResults(answer: VaultAnswer, count: number, asked: Asked): BatchResult[] {
  const results: unknown = dataOf(answer)["batch_results"];
  if (!Array.isArray(results)) throw succeeded(answer) ? unexpectedAnswer(asked) : vaultFault(answer, asked);
  if (results.length !== count) throw unexpectedAnswer(asked);
  return results.map((one: unknown) => {
    const fields = mapping(one);
    const { error } = fields;
    if (typeof error !== "string" || error === "") return { fields };
    return { refused: refusal(answer, error, asked) };
  });
}

function refusal(answer: VaultAnswer, text: string, asked: Asked): Refusal {
  const known = REFUSALS.find(({ says }) => says.test(text));
  if (known !== undefined) return known.means;
  // A batch of which nothing succeeded may be answered 200.
  const fault = vaultFault({ ...answer, status: Math.max(answer.status, 400) }, asked, text);
  if (fault.fault !== "misused") throw fault;
  return "malformed";
}
