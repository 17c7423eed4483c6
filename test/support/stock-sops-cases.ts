import assert from "node:assert/strict";
import fc from "fast-check";
import { encryptSopsDocuments } from "../../shared/document/sops/encrypt-document.ts";
import { readSopsTree } from "../../shared/document/sops/read-tree.ts";
import { SopsError } from "../../shared/document/sops/sops-error.ts";
import type { SopsFormat, SopsMap } from "../../shared/document/sops/tree.ts";
import { writeSopsTree } from "../../shared/document/sops/write-tree.ts";
import { type SopsCase, sopsCases } from "./sops-arbitrary.ts";
import type { AgePeople } from "./stock-sops.ts";

/** How many documents are on their way through the stock tool at once. */
const AT_ONCE = 5;

/** What generated documents are like, and how many there are of them. */
export type Generation = { format: SopsFormat; documents: number; listComments?: boolean };

/**
 * Tries generated documents, several at once, since most of the time goes to starting the stock tool.
 * @param tryOne a number tells the file of each apart.
 */
export async function tryGenerated(
  people: AgePeople,
  { format, documents, listComments = true }: Generation,
  tryOne: (document: SopsCase, file: string) => Promise<void>,
): Promise<void> {
  const cases = sopsCases({ format, comments: true, listComments }, people.recipients);
  const several = fc.array(cases, { minLength: AT_ONCE, maxLength: AT_ONCE });
  let tried = 0;
  await fc.assert(
    fc.asyncProperty(several, async (all) => {
      const works = all.map((one, index) => tryOne(one, `generated-${index}.${format}`));
      // All end before the next ones take their files.
      await Promise.allSettled(works);
      await Promise.all(works);
      tried += all.length;
    }),
    { numRuns: Math.ceil(documents / AT_ONCE) },
  );
  assert.ok(tried >= documents);
}

/** Two for one: what a generated document says, as text and as the tree that is read from it. */
export function plainText({ documents }: SopsCase, format: SopsFormat): { text: string; tree: SopsMap[] } {
  const text = writeSopsTree(documents, format);
  return { text, tree: readSopsTree(text, format, "plain") };
}

/**
 * A generated document, encrypted by ours.
 * @returns null for one that cannot be: an encrypted comment of it would itself fit the rule, which stock sops refuses, too.
 */
export async function encryptedByOurs(
  people: AgePeople,
  one: SopsCase,
  now = new Date(),
): Promise<SopsMap[] | null> {
  const { signal } = new AbortController();
  try {
    return await encryptSopsDocuments(one.documents, { ...one, wrapper: people.wrapper, now, signal });
  } catch (error) {
    if (error instanceof SopsError && error.problem === "rule") return null;
    throw error;
  }
}
