import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { readSealingKeyHint } from "../../shared/sealing-key-hint.ts";
import type { ControllerClient } from "../controller-client.ts";
import { forController } from "../values-by-backend.ts";
import type { ClassicResealer, ResealedItem } from "./resealed-item.ts";
import { newValues } from "./rotate-answer.ts";
import type { TargetKey } from "./target-key.ts";

/** What having values sealed anew by the controller takes. */
export type ControllerResealing = {
  open: () => Promise<Pick<ControllerClient, "rotate">>;
  /** The key that the controller seals under; null when that cannot be told. */
  newestKey: () => Promise<TargetKey | null>;
  /** Whether values stay whose file says that they are under that key, as far as their form allows it. */
  trustsHints: boolean;
};

/**
 * Has the controller seal values anew. It is sent those alone that are to be sealed, and opens each under the scope that
 * the object says it has: so the scope is proven.
 */
export function controllerResealer({ open, newestKey, trustsHints }: ControllerResealing): ClassicResealer {
  return {
    async reseal(object, items, where) {
      const newest = trustsHints ? await newestKey() : null;
      const kept = new Map<string, ResealedItem>();
      if (newest !== null)
        for (const [item, value] of claiming(object, items, newest))
          kept.set(item, {
            item,
            backend: "classic",
            state: "claimed",
            value,
            from: null,
            to: newest.fingerprint,
          });
      const sent = new Map([...items].filter(([item]) => !kept.has(item)));
      if (trustsHints && sent.size === 0) return kept;
      const question = questionOf(object, sent);
      if (question === null) return kept;
      const renewed = newValues(sent, await (await open()).rotate(question), where);
      const to = (await newestKey())?.fingerprint ?? null;
      const resealed = [...renewed].map(([item, value]): [string, ResealedItem] => [
        item,
        { item, backend: "classic", state: "resealed", value, from: null, to },
      ]);
      return new Map([...kept, ...resealed]);
    },
  };
}

/** The values whose file says that they are under a key, and whose form does not speak against it. */
export function claiming(
  { metadata }: SealedSecret,
  items: ReadonlyMap<string, string>,
  key: TargetKey,
): Map<string, string> {
  const hint = readSealingKeyHint(metadata.annotations, items.keys());
  return new Map(
    [...items].filter(([item, value]) => hint.get(item) === key.fingerprint && key.mayHaveSealed(value)),
  );
}

function questionOf(object: SealedSecret, sent: ReadonlyMap<string, string>): object | null {
  const question = forController(object);
  if (question === null) return null;
  return { ...question, spec: { ...question.spec, encryptedData: Object.fromEntries(sent) } };
}
