import type { SealedSecret } from "../../shared/sealed-secret.ts";

/**
 * The entries of `spec.template.data` whose text has an item's name in it: likely to read what is no longer there.
 * @returns their names, sorted.
 */
export function templateMentions({ spec }: SealedSecret, item: string): string[] {
  const name = item.replaceAll(/[.]/g, "\\.");
  const word = new RegExp(`(?<![-_A-Za-z0-9])${name}(?![-_A-Za-z0-9])`);
  return Object.entries(spec.template?.data ?? {})
    .filter(([, text]) => text !== null && word.test(text))
    .map(([entry]) => entry)
    .sort();
}
