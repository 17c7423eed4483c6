import type { SopsUnwrapper, Unwrapped } from "../../shared/document/sops/key-services.ts";
import type { AgeIdentities, AgeIdentity } from "../../shared/document/sops/keys/age-identities.ts";
import { MissingIdentityError } from "../../shared/document/sops/keys/missing-identity-error.ts";
import { shownRecipient } from "../../shared/document/sops/keys/recipient-text.ts";
import type { SopsKeyEntry } from "../../shared/document/sops/metadata.ts";
import { InputError } from "../../shared/errors.ts";

/** Entries of AWS KMS and Vault that one look asks for: each may cost a call. */
export const MOST_CALLS = 16;
/** Entries of age that name an identity at hand and are tried in one look. */
export const MOST_NAMED = 16;
/** Tries of identities, a millisecond each, on entries that name none of them, as edited documents may. */
export const MOST_GUESSES = 8;

/**
 * Bounds what one look at an object may cost, since whoever writes it chooses how many entries it has. An age entry that
 * names an identity at hand is tried with that one alone; those that name none cost a try for each identity, within bounds.
 * @param hint what gives an identity that is missing.
 * @param unwrapperWith unwraps with those identities.
 */
export function boundedUnwrapper(
  identities: AgeIdentities,
  hint: string,
  unwrapperWith: (identities: AgeIdentities) => SopsUnwrapper,
): SopsUnwrapper {
  const left = { calls: MOST_CALLS, named: MOST_NAMED, guesses: MOST_GUESSES };
  const none = { identities: [], problems: [] };
  const all = identities.identities;
  return {
    async unwrap(entry, signal) {
      signal.throwIfAborted();
      if (entry.type === "kms" || entry.type === "hc_vault") {
        if (left.calls === 0) return tooMany(`${MOST_CALLS} entries of AWS KMS and Vault`);
        left.calls -= 1;
        return unwrapperWith(none).unwrap(entry, signal);
      }
      if (entry.type !== "age" || all.length === 0) return unwrapperWith(none).unwrap(entry, signal);
      const named = await identityOf(entry, all);
      if (named === null && left.guesses < all.length) return notOurs(entry, hint);
      if (left.named === 0) return tooMany("age entries");
      if (named === null) left.guesses -= all.length;
      else left.named -= 1;
      const tried = named === null ? all : [named];
      return unwrapperWith({ identities: tried, problems: [] }).unwrap(entry, signal);
    },
  };
}

async function identityOf(
  { recipient }: Extract<SopsKeyEntry, { type: "age" }>,
  identities: readonly AgeIdentity[],
): Promise<AgeIdentity | null> {
  for (const identity of identities) if ((await identity.recipient()) === recipient) return identity;
  return null;
}

function notOurs({ recipient }: Extract<SopsKeyEntry, { type: "age" }>, hint: string): Unwrapped {
  const what = `no age identity at hand is for the age entry ${shownRecipient(recipient)}`;
  return { problem: new MissingIdentityError(what, hint) };
}

function tooMany(what: string): Unwrapped {
  const problem = new InputError(
    `it has more entries than are tried: ${what}`,
    "take those out of its field sops that are not in use: sops updatekeys",
  );
  return { problem };
}
