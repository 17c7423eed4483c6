/**
 * Why a SealedSecret that is a SOPS document does not open, by a name to decide by.
 * `opened-on-the-way`: its scope item stands in plain text; `no-metadata`: values but no field `sops`; `mixed`: values of
 * other kinds beside them; `empty`: an empty value, which nothing authenticates; `item-name`: no Secret has such an item;
 * `document`: not as SOPS writes it; `rule`: its rule or its MAC covers something else than exactly the items; `no-key`: no
 * entry of it could be unwrapped; `value`: one does not open under the data key; `mac`: a value was changed, or its keys are not in
 * byte order; `type`: a value that is no text; `unbound`: no scope item; `elsewhere`: made for another place.
 */
export type SopsCause =
  | "opened-on-the-way"
  | "no-metadata"
  | "mixed"
  | "empty"
  | "item-name"
  | "document"
  | "rule"
  | "no-key"
  | "value"
  | "mac"
  | "type"
  | "unbound"
  | "elsewhere";

/** Why it does not open: what is wrong, and the next step. Neither holds a value. */
export type SopsRefusal = { ok: false; cause: SopsCause; problem: string; hint: string };

/** @param hint the command that puts it right. */
export function sopsRefusal(cause: SopsCause, problem: string, hint: string): SopsRefusal {
  return { ok: false, cause, problem, hint };
}
