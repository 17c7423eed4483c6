import {
  type AgeIdentities,
  joinAgeIdentities,
  readAgeIdentities,
} from "../../shared/document/sops/keys/age-identities.ts";
import type { IdentitySecret } from "./identity-secret.ts";
import { type ServedNamespaces, servedNamespaces } from "./served-namespaces.ts";

/** What judging a Secret with age identities says. `problem` names the item and the defect, never what it holds. */
export type IdentityVerdict =
  | { ok: true; identities: AgeIdentities["identities"]; served: ServedNamespaces }
  | { ok: false; problem: string };

/**
 * Judges a Secret labelled as holding age identities: each of its items is to be a file of them. One that holds anything
 * else is refused whole, and so is one that serves nobody: half of what was meant is told by no failure of its own.
 */
export async function judgeIdentities({ about, items }: IdentitySecret): Promise<IdentityVerdict> {
  if (items.size === 0) return { ok: false, problem: "it has no items" };
  const files: AgeIdentities[] = [];
  for (const [item, bytes] of [...items].sort(([a], [b]) => (a < b ? -1 : 1))) {
    // Nobody is there to be asked for a passphrase.
    const file = await readAgeIdentities(bytes, `its item ${item}`, null);
    const [problem] = file.problems;
    if (problem !== undefined) return { ok: false, problem: `${problem.message}; ${problem.hint}` };
    files.push(file);
  }
  const namespaces = servedNamespaces(about);
  if (!namespaces.ok) return namespaces;
  const { identities } = await joinAgeIdentities(files);
  return { ok: true, identities, served: namespaces.served };
}
