import type { SealedSecret } from "../../shared/sealed-secret.ts";
import type { KvReader } from "../../shared/vault/kv-answer.ts";
import { digestOf } from "../reconcile/digest.ts";
import { type Failure, unsealFailed } from "../reconcile/failure.ts";
import type { Clock } from "../runtime/clock.ts";
import { EntryPoll } from "./entry-poll.ts";
import type { EntryVersion } from "./entry-version.ts";
import { type KvSettings, type KvUse, kvRules, mayName } from "./kv-settings.ts";
import { referenceFailure, VaultReferenceError } from "./reference-error.ts";
import { type ReferencedItems, readItems } from "./referenced-items.ts";
import { type FollowedEntry, Refresh } from "./refresh.ts";
import { readReferences, type VaultReference } from "./vault-reference.ts";

/** What came of reading an object's references: their items, or why they cannot be had. */
export type ReferencesResult = ({ ok: true } & ReferencedItems) | { ok: false; failure: Failure };

/** What Vault references take from the rest of the controller. */
export type VaultKvParts = {
  use: KvUse;
  /** Does something as a namespace's ServiceAccount. */
  as: <T>(namespace: string, act: (kv: KvReader) => Promise<T>) => Promise<T>;
  /** Waits for what a look at an object needs; by default without further ado. */
  whileWaiting?: <T>(wait: () => Promise<T>) => Promise<T>;
  /** No object of the namespace has references any more. */
  unneeded: (namespace: string) => void;
  clock: Clock;
  /** From 0 to below 1. */
  random?: () => number;
  /** An object is to be looked at: what its references name is another by now, or nobody can tell. */
  onChange: (key: string) => void;
};

const NONE: ReferencesResult = { ok: true, items: new Map(), versions: new Map() };

/** Items that `spec.vault` names: reads them, and asks now and then whether they are still the newest. */
export class VaultKv {
  readonly #parts: VaultKvParts;
  readonly #rules: string;
  readonly #refresh: Refresh;
  /** Objects whose record tells of versions that are not the newest. */
  readonly #outdated = new Set<string>();
  readonly #members = new Map<string, Set<string>>();

  constructor(parts: VaultKvParts) {
    this.#parts = parts;
    this.#rules = digestOf(kvRules(parts.use));
    const { clock, as, random = Math.random } = parts;
    const poll = new EntryPoll(() => clock.now());
    this.#refresh = new Refresh({
      clock,
      random,
      isUnchanged: (namespace, entry, signal) =>
        as(namespace, (kv) => poll.isUnchanged(namespace, kv, entry, signal)),
      onChange: (key) => {
        this.#outdated.add(key);
        parts.onChange(key);
      },
    });
  }

  /**
   * What the in-sync record of an object is about, references included.
   * @param inputs digest of all else that decides how the Secret looks.
   * @param notes digest of what its status says of versions, null for an object without references: it counts only as far
   * as the record vouches for it.
   */
  recorded(inputs: string, notes: string | null): string {
    return notes === null ? inputs : digestOf([inputs, this.#rules, notes]);
  }

  /** Whether an object is known to have been read in versions that are no longer the newest. */
  isOutdated(key: string): boolean {
    return this.#outdated.has(key);
  }

  /**
   * Reads the values that an object references, and judges first whether it may.
   * @throws whatever is no failure of the object; the signal's reason when aborted.
   */
  async read(sealedSecret: SealedSecret, signal: AbortSignal): Promise<ReferencesResult> {
    if ((sealedSecret.spec.vault ?? []).length === 0) return NONE;
    const { namespace = "", name } = sealedSecret.metadata;
    const judged = readReferences(sealedSecret);
    if (!judged.ok) return { ok: false, failure: unsealFailed("MalformedSealedSecret", judged.problem) };
    const { references } = judged;
    try {
      judgeUse(this.#parts.use, references, namespace);
      this.#join(`${namespace}/${name}`);
      const { as, whileWaiting = (wait) => wait() } = this.#parts;
      const items = await whileWaiting(() => as(namespace, (kv) => readItems(references, kv, signal)));
      return { ok: true, ...items };
    } catch (error) {
      const failure = signal.aborted ? null : referenceFailure(error);
      if (failure === null) throw error;
      return { ok: false, failure };
    }
  }

  /**
   * Follows the newest versions of an object in sync.
   * @param key `namespace/name`.
   * @param versions in which its items were read.
   * @param read whether that was just now; else it is a process of before that read them.
   */
  follow(
    key: string,
    references: readonly VaultReference[],
    versions: ReadonlyMap<string, EntryVersion>,
    { read }: { read: boolean },
  ): void {
    this.#outdated.delete(key);
    const { use } = this.#parts;
    if (references.length === 0 || !use.on) {
      this.forget(key);
      return;
    }
    this.#join(key);
    this.#refresh.follow(key, entriesOf(references, versions, use.settings), { read });
  }

  /** An object is not in sync: whoever brings it there reads anew. */
  suspend(key: string): void {
    this.#refresh.drop(key);
  }

  /** Drops what is remembered of an object that is gone, or has no references any more. */
  forget(key: string): void {
    this.#outdated.delete(key);
    this.#refresh.drop(key);
    const namespace = namespaceOf(key);
    const members = this.#members.get(namespace);
    if (members?.delete(key) !== true || members.size > 0) return;
    this.#members.delete(namespace);
    this.#parts.unneeded(namespace);
  }

  /** Asks for new versions until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#parts.use.on) await this.#refresh.run(signal);
  }

  #join(key: string): void {
    const namespace = namespaceOf(key);
    const members = this.#members.get(namespace) ?? new Set();
    this.#members.set(namespace, members.add(key));
  }
}

function judgeUse(use: KvUse, references: readonly VaultReference[], namespace: string): void {
  if (!use.on)
    throw new VaultReferenceError(
      "VaultReferencesOff",
      `spec.vault: Vault references are off in this cluster: ${use.why}`,
      "have an administrator turn them on, or seal these values",
    );
  const refused = references.find((reference) => !mayName(use.settings, reference, namespace));
  if (refused === undefined) return;
  throw new VaultReferenceError(
    "VaultMountNotAllowed",
    `spec.vault, item ${refused.key}: SealedSecrets of namespace ${namespace} may not name the mount ${refused.mount}`,
    "name a mount that --vault-kv-mounts lists, or have an administrator add this one",
  );
}

/** A reference to a version of its own is read once and never asked about. */
function entriesOf(
  references: readonly VaultReference[],
  versions: ReadonlyMap<string, EntryVersion>,
  { refreshMs }: KvSettings,
): FollowedEntry[] {
  const entries = new Map<string, FollowedEntry>();
  for (const { key, mount, path, version: pinned, refreshMs: own } of references) {
    const version = versions.get(key);
    if (pinned !== null || version === undefined) continue;
    const id = JSON.stringify([mount, path]);
    const everyMs = Math.min(own ?? refreshMs, entries.get(id)?.everyMs ?? Number.POSITIVE_INFINITY);
    entries.set(id, { at: { mount, path }, ...version, everyMs });
  }
  return [...entries.values()];
}

function namespaceOf(key: string): string {
  return key.slice(0, key.indexOf("/"));
}
