import { KNOWN_KEY_ANNOTATION } from "../../shared/key-publication.ts";
import type { Term } from "../runtime/term.ts";

export { KNOWN_KEY_ANNOTATION };

/**
 * On the Lease: fingerprints of the keys that were, or are about to be, written to succeed the present one; the newest
 * attempt first, before which the key that seals may stand until it is recorded. Separated by spaces.
 */
export const RENEWAL_ANNOTATION = "signet.dev/renewal";

const MAX_ATTEMPTS = 10;

/** The fingerprint that the Lease names, null while it names none. */
export function knownKey({ annotations }: Term): string | null {
  return annotations[KNOWN_KEY_ANNOTATION] ?? null;
}

/** Fingerprints of the keys that leaders made, or were about to make. */
export function attemptsOn({ annotations }: Pick<Term, "annotations">): string[] {
  return (annotations[RENEWAL_ANNOTATION] ?? "").split(" ").filter((one) => one !== "");
}

/** The first of the open attempts: the same for all who lead one after the other; null where there is none. */
export function firstAttempt(term: Term): string | null {
  return attemptsOn(term).at(-1) ?? null;
}

/**
 * Writes onto the Lease which key is about to be made: proof that we still lead, and notice to whoever leads next.
 * @param isSpent whether an earlier attempt has become a key.
 * @param sealing the key that seals: one that was attempted stays until it is recorded, or whoever leads before that
 * would take it for a strange one.
 * @throws NotLeadingError; KubeApiError, KubeUnreachableError.
 */
export async function announceAttempt(
  term: Term,
  fingerprint: string,
  isSpent: (fingerprint: string) => boolean,
  sealing: string | null = null,
): Promise<void> {
  await term.annotate((annotations) => {
    const standing = attemptsOn({ annotations });
    const open = standing.filter((one) => one !== fingerprint && one !== sealing && !isSpent(one));
    // The first one stays: names may be made of it. So what seals is never the last here.
    const attempts = [
      ...standing.filter((one) => one === sealing),
      fingerprint,
      ...open.slice(0, MAX_ATTEMPTS - 2),
      ...open.slice(MAX_ATTEMPTS - 2).slice(-1),
    ];
    return { [RENEWAL_ANNOTATION]: attempts.join(" ") };
  });
}

/**
 * Writes onto the Lease which key seals now. It is no attempt any more, nor is one that has sealed before it without being
 * recorded: put there once more by somebody who has it from elsewhere, it is nothing that a leader made.
 * @param isOver whether an attempt has had its time as the key that seals.
 * @throws NotLeadingError; KubeApiError, KubeUnreachableError.
 */
export async function recordKnownKey(
  term: Term,
  fingerprint: string,
  isOver: (fingerprint: string) => boolean = () => false,
): Promise<void> {
  const isOpen = (one: string) => one !== fingerprint && !isOver(one);
  if (knownKey(term) === fingerprint && attemptsOn(term).every(isOpen)) return;
  await term.annotate((annotations) => {
    const attempts = attemptsOn({ annotations });
    const open = attempts.filter(isOpen);
    return {
      [KNOWN_KEY_ANNOTATION]: fingerprint,
      ...(open.length === attempts.length ? {} : { [RENEWAL_ANNOTATION]: open.join(" ") }),
    };
  });
}
