import { wordsOf } from "../../shared/errors.ts";
import { KubeApiError } from "../../shared/kube/api-error.ts";
import type { KubeClient, KubeObject } from "../../shared/kube/client.ts";
import { corePath } from "../../shared/kube/paths.ts";
import { KEY_LABEL } from "../../shared/sealing-key-secret.ts";
import type { Log } from "../log.ts";
import type { SecretObject } from "../reconcile/secret-object.ts";
import { refusalHint } from "../refusal-hint.ts";
import type { Clock } from "../runtime/clock.ts";
import { Informer } from "../runtime/informer.ts";
import type { KeyRing, RingChange } from "./key-ring.ts";
import { ACTIVE, isInUse, WRAPPED } from "./key-secret.ts";

/** One change of the ring and the Secret it came of. */
export type KeyChange = {
  ring: RingChange;
  /** The Secret without what it holds, to tell of it. */
  about: KubeObject;
  /** It was deleted, or is no key any more. */
  gone: boolean;
};

/** What key Secrets are watched with. */
export type KeyWatchParts = {
  client: KubeClient;
  clock: Clock;
  log: Log;
  namespace: string;
  /** Name of the one Secret that needs no label, as old versions wrote it. */
  legacyName: string;
  ring: KeyRing;
  /** Told of each change, in the order in which they came. */
  onChange: (change: KeyChange) => void;
  /** Told whenever all of them were listed and taken in. */
  onListed: () => void;
};

const LOOK_AGAIN_MS = 60_000;

/** Two watches that belong together: one by the label, one by the name that needs none. */
type Round = { labelled: Informer<SecretObject>; legacy: Informer<SecretObject>; listed: boolean };

/** Keeps a ring of sealing keys in step with their Secrets. */
export class KeyWatch {
  readonly #parts: KeyWatchParts;
  /** Changes are taken in one after the other, in the order in which they came. */
  #changes: Promise<void> = Promise.resolve();
  /** What the ring has of each Secret, by name. */
  readonly #held = new Map<string, KubeObject["metadata"]>();
  /** Versions that are known to be outdated, by name: a watch may show them yet. */
  readonly #replaced = new Map<string, KubeObject["metadata"][]>();
  /** Secrets whose keys are not unwrapped yet, by name. */
  readonly #waiting = new Map<string, SecretObject>();
  #round: Round | null = null;
  #restart = new AbortController();
  #listed = Promise.withResolvers<void>();
  #hasListed = false;

  constructor(parts: KeyWatchParts) {
    this.#parts = parts;
  }

  /** True once all key Secrets were listed and taken in. */
  get hasListed(): boolean {
    return this.#hasListed;
  }

  /** Follows the Secrets until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#follow(signal), this.#lookAgain(signal)]);
  }

  /**
   * Lists everything once more, for whoever must not act on what a watch that lags behind has shown.
   * @returns once it is taken in.
   */
  relist(): Promise<void> {
    this.#restart.abort();
    this.#restart = new AbortController();
    this.#listed = Promise.withResolvers();
    return this.#listed.promise;
  }

  /**
   * Takes in a Secret that somebody just read or wrote, without waiting for the watch, which brings it once more.
   * @param replaced versions that are older, as far as they are known: a watch may show them yet. The same says nothing.
   */
  take(secret: SecretObject, ...replaced: readonly SecretObject[]): Promise<void> {
    const { name = "" } = secret.metadata;
    for (const older of replaced)
      if (!isSameVersion(older.metadata, secret.metadata) && !this.#isReplaced(older))
        this.#replaced.set(name, [...(this.#replaced.get(name) ?? []), older.metadata]);
    return this.#enqueue(async () => {
      const shown = this.#present(name);
      // What the watch has shown by now is newer.
      await this.#put(shown === undefined || this.#isReplaced(shown) ? secret : shown);
    });
  }

  /** To be told when something else is known of the wrapped key of a Secret. */
  takeNews(name: string): Promise<void> {
    return this.#enqueue(async () => {
      const secret = this.#waiting.get(name);
      if (secret !== undefined) await this.#put(secret);
    });
  }

  /** Metadata of a Secret in the ring, or refused. */
  aboutSecret(name: string): KubeObject {
    return aboutSecret(this.#held.get(name) ?? { name, namespace: this.#parts.namespace });
  }

  async #follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const restart = this.#restart;
      const ending = AbortSignal.any([signal, restart.signal]);
      const round = this.#open();
      this.#round = round;
      const running = Promise.all([round.labelled.run(ending), round.legacy.run(ending)]);
      await Promise.race([Promise.all([round.labelled.synced, round.legacy.synced]), running]);
      if (!ending.aborted) {
        await this.#enqueue(async () => {
          round.listed = true;
          for (const name of [...this.#held.keys()]) await this.#look(name, round);
        });
        this.#hasListed = true;
        this.#parts.onListed();
        // Asked for anew by now, the next round is the one to wait for.
        if (!restart.signal.aborted) this.#listed.resolve();
      }
      await running;
    }
  }

  #open(): Round {
    const { client, clock, log, namespace, legacyName } = this.#parts;
    const informer = (selector: { labelSelector: string } | { fieldSelector: string }) =>
      new Informer<SecretObject>({
        client,
        clock,
        path: corePath("secrets", namespace),
        ...selector,
        parse: (object) => object as SecretObject,
        onError: (error) => {
          const hint = refusalHint(error, { forbidden: "grant list and watch on secrets in that namespace" });
          log.warn({ error: wordsOf(error), ...hint }, "Cannot watch the sealing keys, will retry");
        },
      });
    const round: Round = {
      labelled: informer({ labelSelector: `${KEY_LABEL} in (${ACTIVE},${WRAPPED})` }),
      legacy: informer({ fieldSelector: `metadata.name=${legacyName}` }),
      listed: false,
    };
    const look = (key: string) => void this.#enqueue(() => this.#look(nameIn(key), round));
    for (const one of [round.labelled, round.legacy])
      one.subscribe({ onAdd: look, onUpdate: look, onDelete: look });
    return round;
  }

  /** Brings the ring in step with what the watches say of a Secret now. */
  async #look(name: string, round: Round): Promise<void> {
    if (round !== this.#round) return;
    const secret = this.#present(name);
    const held = this.#held.get(name);
    if (secret !== undefined) {
      if (!isSameVersion(held, secret.metadata) && !this.#isReplaced(secret)) await this.#put(secret);
    } else if (held !== undefined && round.listed) this.#drop(name);
  }

  /** The Secret as the watches have it, if it is a key Secret. */
  #present(name: string): SecretObject | undefined {
    const key = `${this.#parts.namespace}/${name}`;
    const labelled = this.#round?.labelled.get(key);
    if (labelled !== undefined) return labelled;
    const legacy = this.#round?.legacy.get(key);
    return legacy !== undefined && this.#counts(legacy) ? legacy : undefined;
  }

  #isReplaced({ metadata }: SecretObject): boolean {
    const older = this.#replaced.get(metadata.name ?? "") ?? [];
    return older.some((one) => isSameVersion(one, metadata));
  }

  /** A label of any other value takes a key out, whatever the Secret's name. */
  #counts(secret: SecretObject): boolean {
    const { labels, name } = secret.metadata;
    return isInUse(secret) || (labels?.[KEY_LABEL] === undefined && name === this.#parts.legacyName);
  }

  async #put(secret: SecretObject): Promise<void> {
    const { ring, onChange } = this.#parts;
    const name = secret.metadata.name ?? "";
    this.#held.set(name, secret.metadata);
    const change = await ring.put(secret);
    if (change.waiting === undefined) this.#waiting.delete(name);
    else this.#waiting.set(name, secret);
    onChange({ ring: change, about: aboutSecret(secret.metadata), gone: false });
  }

  #drop(name: string): void {
    const about = this.aboutSecret(name);
    this.#held.delete(name);
    this.#replaced.delete(name);
    this.#waiting.delete(name);
    this.#parts.onChange({ ring: this.#parts.ring.remove(name), about, gone: true });
  }

  /** Looks after what nobody tells of. */
  async #lookAgain(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    while (!signal.aborted) {
      await clock.sleep(LOOK_AGAIN_MS, signal).catch(() => undefined);
      for (const name of signal.aborted ? [] : [...this.#held.keys()])
        await this.#enqueue(() => this.#check(name, signal));
    }
  }

  async #check(name: string, signal: AbortSignal): Promise<void> {
    const { client, namespace, ring } = this.#parts;
    const secret = this.#present(name);
    if (secret !== undefined && !this.#isReplaced(secret)) {
      // A time that was to come has come, perhaps.
      if (ring.refused.has(name) || ring.ignoredPromotions.has(name)) await this.#put(secret);
      return;
    }
    // Taken in directly, and not seen by a watch: gone before the watch could show it?
    if (this.#round?.listed !== true || !this.#held.has(name)) return;
    const path = corePath("secrets", namespace, name);
    try {
      if (!this.#counts((await client.request({ method: "GET", path, signal })) as SecretObject))
        this.#drop(name);
    } catch (error) {
      if (error instanceof KubeApiError && error.status === 404) this.#drop(name);
    }
  }

  #enqueue(change: () => Promise<void>): Promise<void> {
    this.#changes = this.#changes.then(change).catch((error: unknown) => {
      this.#parts.log.error({ error: wordsOf(error) }, "A change of the sealing keys could not be taken in");
    });
    return this.#changes;
  }
}

function nameIn(key: string): string {
  return key.slice(key.indexOf("/") + 1);
}

function isSameVersion(one: KubeObject["metadata"] | undefined, other: KubeObject["metadata"]): boolean {
  return one?.uid === other.uid && one?.resourceVersion === other.resourceVersion;
}

function aboutSecret(metadata: KubeObject["metadata"]): KubeObject {
  return { apiVersion: "v1", kind: "Secret", metadata };
}
