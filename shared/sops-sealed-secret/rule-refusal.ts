import type { SopsMetadata } from "../document/sops/metadata.ts";
import { sopsTreeOf } from "../document/sops/object-tree.ts";
import { Naming } from "../document/sops/place.ts";
import { selectorOf } from "../document/sops/selection.ts";
import { walk } from "../document/sops/walk.ts";
import type { SopsSealedSecret } from "./sops-form.ts";
import { type SopsRefusal, sopsRefusal } from "./sops-refusal.ts";

/** The rule that SealedSecrets are written with. */
export const SOPS_SELECTION = { rule: "encrypted_regex", pattern: "^encryptedData$" } as const;

/** What a rule does with a SealedSecret as it is written: which of its values it has encrypted. */
type Covered = SopsSealedSecret & {
  metadata?: { labels?: unknown; annotations?: unknown } | undefined;
};

const MENDS =
  "signet --re-encrypt --in-place FILE puts it right; by hand: sops encrypt --encrypted-regex '^encryptedData$' --mac-only-encrypted";

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
  const what = wrong.isEncrypted ? "has more encrypted than the items" : "leaves items in clear";
  return sopsRefusal("rule", `its rule ${selection.rule} ${what}: ${wrong.path}`, MENDS);
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
  const selector = await selectorOf(selection, where);
  const { slots } = walk([tree], { selector, naming: new Naming(where, 1), dropsListComments: false });
  const wrong = slots.find(
    ({ isEncrypted, place }) => isEncrypted !== place.binding.startsWith("spec:encryptedData:"),
  );
  return wrong === undefined ? null : { path: wrong.place.toString(), isEncrypted: wrong.isEncrypted };
}
