import type { SopsMetadata } from "../document/sops/metadata.ts";
import { withoutMetadata } from "../document/sops/metadata-tree.ts";
import { sopsTreeOf } from "../document/sops/object-tree.ts";
import { Naming, type Place } from "../document/sops/place.ts";
import { selectorOf } from "../document/sops/selection.ts";
import type { SopsMap } from "../document/sops/tree.ts";
import { walk } from "../document/sops/walk.ts";
import type { SopsSealedSecret } from "./sops-form.ts";
import { type SopsRefusal, sopsRefusal } from "./sops-refusal.ts";

/** The rule that SealedSecrets are written with. */
export const SOPS_SELECTION = { rule: "encrypted_regex", pattern: "^encryptedData$" } as const;

/** What a rule may cost to try on a SealedSecret, which anybody in a namespace may write: some tens of milliseconds. */
const MOST_WORK = 1e7;

/** What a rule does with a SealedSecret as it is written: which of its values it has encrypted. */
type Covered = SopsSealedSecret & {
  metadata?: { labels?: unknown; annotations?: unknown } | undefined;
};

const BY_HAND = "sops --encrypt --encrypted-regex '^encryptedData$' --mac-only-encrypted";
const MENDS = `signet --re-encrypt --in-place FILE puts it right; by hand: ${BY_HAND}`;

/**
 * Why a document's rule does not fit a SealedSecret in a cluster; null when it covers its items and nothing else. What else
 * it covered would be changed there, or could not be used.
 * @throws SopsError (rule) for a pattern that is none.
 */
export async function ruleRefusal(
  sealedSecret: SopsSealedSecret,
  { selection, macOnlyEncrypted }: SopsMetadata,
  where: string,
): Promise<SopsRefusal | null> {
  if (!macOnlyEncrypted) {
    return sopsRefusal(
      "rule",
      "its MAC covers clear values, too, and the cluster adds such: mac_only_encrypted is not true",
      MENDS,
    );
  }
  if (selection.rule !== "default" && selection.rule.endsWith("_comment_regex")) {
    return sopsRefusal("rule", `its rule ${selection.rule} goes by comments, which no cluster keeps`, MENDS);
  }
  const wrong = await firstMisjudged(sealedSecret, selection, where);
  if (wrong === null) return null;
  if (wrong.isEncrypted) return tooWide(selection.rule, wrong.path);
  return sopsRefusal("rule", `its rule ${selection.rule} leaves items in clear: ${wrong.path}`, MENDS);
}

/** What else is encrypted would stand in clear, if it were written by another rule: that is for somebody to decide. */
function tooWide(rule: string, path: string): SopsRefusal {
  return sopsRefusal(
    "rule",
    `its rule ${rule} has more encrypted than the items: ${path}`,
    `decrypt it with sops, see that nothing but spec.encryptedData is secret, and encrypt it again: ${BY_HAND}`,
  );
}

/** Why a document cannot be written anew by the rule of SealedSecrets: something else in it is encrypted; null when nothing is. */
export async function secretsElsewhere(
  document: SopsMap,
  { selection }: SopsMetadata,
  where: string,
): Promise<SopsRefusal | null> {
  const selector = await selectorOf(selection, where);
  const { slots } = walk([withoutMetadata(document)], {
    selector,
    naming: new Naming(where, 1),
    dropsListComments: false,
  });
  const wrong = slots.find(({ isEncrypted, place }) => isEncrypted && !isItem(place));
  return wrong === undefined ? null : tooWide(selection.rule, wrong.place.toString() || "its comments");
}

function isItem({ binding }: Place): boolean {
  return binding.startsWith("spec:encryptedData:");
}

/**
 * The first value that a rule judges otherwise than a SealedSecret needs: its items encrypted, all else in clear.
 * What a server adds is not looked at, nor what it says of the object.
 */
export async function firstMisjudged(
  sealedSecret: Covered,
  selection: SopsMetadata["selection"],
  where: string,
): Promise<{ path: string; isEncrypted: boolean } | null> {
  const { metadata: { labels = {}, annotations = {} } = {}, spec } = sealedSecret;
  const tree = sopsTreeOf({
    apiVersion: "",
    kind: "",
    metadata: { name: "", namespace: "", labels, annotations },
    spec,
  });
  if (tree.kind !== "map") throw new Error("an object became no mapping");
  const selector = await selectorOf(selection, where, MOST_WORK);
  const { slots } = walk([tree], { selector, naming: new Naming(where, 1), dropsListComments: false });
  const wrong = slots.find(({ isEncrypted, place }) => isEncrypted !== isItem(place));
  return wrong === undefined ? null : { path: wrong.place.toString(), isEncrypted: wrong.isEncrypted };
}
