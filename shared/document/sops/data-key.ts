import type { Bytes } from "../../bytes.ts";
import type { SealError } from "../../errors.ts";
import type { SopsUnwrapper, SopsWrapper } from "./key-services.ts";
import type { SopsKeyEntry, SopsMetadata, SopsRecipient } from "./metadata.ts";
import { combineShares, LEAST_THRESHOLD, MOST_SHARES, splitSecret } from "./shamir.ts";
import { SopsError, SopsKeyError } from "./sops-error.ts";

/** Length of the key that encrypts a document's values. */
const DATA_KEY_BYTES = 32;
/** A share has its place behind it. */
const SHARE_BYTES = DATA_KEY_BYTES + 1;

/** A new data key; the caller wipes it. */
export function newDataKey(): Bytes {
  return crypto.getRandomValues(new Uint8Array(DATA_KEY_BYTES));
}

/** @throws Error when a data key was wiped before its use: what is encrypted under zeros is open to everybody. */
export function assertNotWiped(dataKey: Bytes): void {
  if (isWiped(dataKey)) throw new Error("the data key was wiped before this use of it");
}

function isWiped(dataKey: Bytes): boolean {
  return dataKey.every((byte) => byte === 0);
}

/**
 * Has the data key of a document unwrapped. Of each group the entries are tried one after another, age first, until one
 * opens. Where there are several groups, all their shares count that can be had.
 * @param where names the document in errors.
 * @returns 32 bytes, which the caller wipes.
 * @throws SopsKeyError when too few groups open; the signal's reason when aborted.
 */
export async function openDataKey(
  { groups, shamirThreshold }: SopsMetadata,
  unwrapper: SopsUnwrapper,
  where: string,
  signal: AbortSignal,
): Promise<Bytes> {
  const shares: Bytes[] = [];
  const problems: SealError[] = [];
  const isSplit = groups.length > 1;
  const needed = isSplit
    ? Math.max(LEAST_THRESHOLD, shamirThreshold === 0 ? groups.length : shamirThreshold)
    : 1;
  try {
    for (const group of groups) {
      const share = await openGroup(
        group,
        isSplit ? SHARE_BYTES : DATA_KEY_BYTES,
        unwrapper,
        problems,
        signal,
      );
      if (share !== null) shares.push(share);
    }
    if (shares.length < needed) throw keyError(where, { problems, isSplit, needed, had: shares.length });
    const dataKey = isSplit ? combineShares(shares) : (shares.pop() ?? null);
    if (dataKey === null || isWiped(dataKey)) {
      throw new SopsKeyError(
        `${where}: what its entries hold gives no data key`,
        "encrypt the document anew",
        [],
      );
    }
    return dataKey;
  } finally {
    for (const share of shares) share.fill(0);
  }
}

async function openGroup(
  group: readonly SopsKeyEntry[],
  length: number,
  unwrapper: SopsUnwrapper,
  problems: SealError[],
  signal: AbortSignal,
): Promise<Bytes | null> {
  for (const entry of ageFirst(group)) {
    signal.throwIfAborted();
    const answer = await unwrapper.unwrap(entry, signal);
    if ("problem" in answer) {
      problems.push(answer.problem);
      continue;
    }
    if (answer.share.length === length) return answer.share;
    answer.share.fill(0);
    problems.push(lengthError(entry, length));
  }
  return null;
}

function lengthError(entry: SopsKeyEntry, length: number): SopsError {
  return new SopsError(
    "metadata",
    `${nameOf(entry)} holds no ${length === SHARE_BYTES ? "share of a data key" : "data key"}`,
    "take the document as SOPS wrote it",
  );
}

/** age asks nobody. The others keep their order. */
function ageFirst(group: readonly SopsKeyEntry[]): SopsKeyEntry[] {
  return [...group.filter(({ type }) => type === "age"), ...group.filter(({ type }) => type !== "age")];
}

const MOST_REASONS = 8;

type Shortage = { problems: readonly SealError[]; isSplit: boolean; needed: number; had: number };

function keyError(where: string, { problems, isSplit, needed, had }: Shortage): SopsKeyError {
  const reasons = [...new Set(problems.map(({ message }) => message))];
  const more = reasons.splice(MOST_REASONS).length;
  if (more > 0) reasons.push(`and ${more} more`);
  const shortage = isSplit ? ` (${had} of ${needed} shares)` : "";
  const telling = problems.find(({ retryable }) => retryable) ?? problems[0];
  return new SopsKeyError(
    `${where}: its data key does not open${shortage}: ${reasons.join("; ")}`,
    telling?.hint ?? "give one of the keys that the document is encrypted for",
    problems,
  );
}

/** An entry, or a recipient, as errors name it. */
export function nameOf(entry: SopsKeyEntry | SopsRecipient): string {
  switch (entry.type) {
    case "age":
      return `age ${shown(entry.recipient)}`;
    case "kms":
      return `kms ${shown(entry.arn)}`;
    case "hc_vault":
      return `hc_vault ${shown(`${entry.vaultAddress}/v1/${entry.enginePath}/keys/${entry.keyName}`)}`;
    case "other":
      return shown(entry.list);
  }
}

const LONGEST_NAME = 200;

/** Metadata is anybody's text. */
function shown(name: string): string {
  const text = name.replace(/[^\p{L}\p{N}\p{P}\p{S} ]|\p{Bidi_Control}/gu, "\ufffd");
  return text.length <= LONGEST_NAME ? text : `${text.slice(0, LONGEST_NAME)}…`;
}

/**
 * Wraps a data key for each recipient: the whole of it where there is one group, else a share for each group.
 * @returns the entries, and the threshold as the metadata is to have it: 0 for one group.
 * @throws SopsError (recipients); SealError of a recipient that cannot be wrapped for, the first in order.
 */
export async function wrapDataKey(
  dataKey: Bytes,
  groups: readonly (readonly SopsRecipient[])[],
  shamirThreshold: number,
  wrapper: SopsWrapper,
  signal: AbortSignal,
): Promise<{ groups: SopsKeyEntry[][]; shamirThreshold: number }> {
  checkGroups(groups);
  if (groups.length === 1)
    return { groups: await wrapShares([dataKey], groups, wrapper, signal), shamirThreshold: 0 };
  const threshold = shamirThreshold === 0 ? groups.length : shamirThreshold;
  if (threshold < LEAST_THRESHOLD || threshold > groups.length) {
    throw new SopsError(
      "recipients",
      `a threshold of ${threshold} does not fit ${groups.length} groups of keys`,
      "give a threshold from 2 to the number of groups",
    );
  }
  const shares = splitSecret(dataKey, groups.length, threshold);
  try {
    return { groups: await wrapShares(shares, groups, wrapper, signal), shamirThreshold: threshold };
  } finally {
    for (const share of shares) share.fill(0);
  }
}

function checkGroups(groups: readonly (readonly SopsRecipient[])[]): void {
  if (groups.length === 0 || groups.some((group) => group.length === 0)) {
    throw new SopsError("recipients", "there is nobody to encrypt for", "name a key for each group of keys");
  }
  if (groups.length > MOST_SHARES) {
    throw new SopsError("recipients", "there are more than 255 groups of keys", "name fewer groups");
  }
}

async function wrapShares(
  shares: readonly Bytes[],
  groups: readonly (readonly SopsRecipient[])[],
  wrapper: SopsWrapper,
  signal: AbortSignal,
): Promise<SopsKeyEntry[][]> {
  const works = groups.map((group, index) => {
    const share = shares[index] ?? new Uint8Array();
    return group.map((recipient) => wrapper.wrap(recipient, share, signal));
  });
  // All are waited for before the shares are wiped, also when one fails.
  await Promise.allSettled(works.flat());
  return Promise.all(works.map((group) => Promise.all(group)));
}
