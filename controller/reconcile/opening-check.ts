import { wordsOf } from "../../shared/errors.ts";
import { KubeApiError, unlessGone } from "../../shared/kube/api-error.ts";
import type { KubeClient, KubeObject } from "../../shared/kube/client.ts";
import { metadataOnly } from "../../shared/kube/metadata-only.ts";
import { corePath, sealedSecretPath } from "../../shared/kube/paths.ts";
import { type NotOpened, type OpeningContext, openValues } from "../../shared/open-sealed-secret.ts";
import { formOf } from "../../shared/seal/codec.ts";
import { KeyServiceError } from "../../shared/seal/key-service-error.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import type { EventRecorder } from "../events.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import { wholeSeconds } from "../timestamp.ts";
import { writeStatus } from "./apply.ts";
import { NO_KEY_OPENS, openingStatus, saysNotOpening } from "./opening-condition.ts";
import { sealedObject, statusHolder } from "./sealed-object.ts";
import { reference, saysSynced, type WatchedObject, watchedObject } from "./watched-object.ts";

/** What checking takes from the rest of the controller. */
export type OpeningCheckParts = {
  client: KubeClient;
  /** All objects at hand, by key `namespace/name`. */
  entries: () => Iterable<[string, WatchedObject]>;
  find: (key: string) => WatchedObject | undefined;
  /** What opens values under sealing keys; nothing in it asks a key service. */
  opening: () => Omit<OpeningContext, "keyServices" | "sops">;
  updateStatus: boolean;
  events: EventRecorder;
  metrics: Pick<Metrics, "countOpeningCheck" | "setNotOpening" | "observeConditions">;
  log: Log;
  now: () => Date;
};

/** What came of one check; `skipped` where there was nothing to find out, or no way to. */
export type OpeningVerdict = "opens" | "fails" | "skipped";

const ITEMS_NAMED = 10;

/**
 * Finds out whether the values of objects in sync still open. Their Secrets stand, so that nobody would notice until one of these
 * has to be made again. Secret, Synced and Ready stay as they are, whatever comes of it.
 */
export class OpeningCheck {
  readonly #parts: OpeningCheckParts;
  /** Objects whose values do not open. */
  readonly #failing = new Set<string>();

  constructor(parts: OpeningCheckParts) {
    this.#parts = parts;
  }

  /** Keys of the objects that do not open, as far as it is known. */
  get failing(): readonly string[] {
    return [...this.#failing];
  }

  /** Takes over what earlier leaders found out. */
  adopt(): void {
    for (const [key, watched] of this.#parts.entries()) if (saysNotOpening(watched)) this.#failing.add(key);
    this.#tellNumber();
  }

  /** Opens the values of an object under sealing keys, and tells what came of it. Rejects only when aborted. */
  async check(key: string, signal: AbortSignal): Promise<OpeningVerdict> {
    const verdict = await this.#verdict(key, signal);
    this.#parts.metrics.countOpeningCheck(verdict);
    this.#tellNumber();
    return verdict;
  }

  async #verdict(key: string, signal: AbortSignal): Promise<OpeningVerdict> {
    const known = this.#parts.find(key);
    if (known === undefined || known.deleting || !saysSynced(known)) {
      this.#failing.delete(key);
      return "skipped";
    }
    try {
      const object = await this.#inSync(known, signal);
      const sealed = object === null ? null : classicPart(object);
      if (object === null || sealed === null) return "skipped";
      const opening = await openValues(sealed, this.#parts.opening(), signal);
      const problem = opening.ok ? null : problemOf(opening);
      await this.#tell(key, object, problem, signal);
      return problem === null ? "opens" : "fails";
    } catch (error) {
      signal.throwIfAborted();
      const { log } = this.#parts;
      // A wrapped key that is away is no key that is gone; and an object that was changed meanwhile is looked at by others.
      const isUsual =
        error instanceof KeyServiceError || (error instanceof KubeApiError && error.status === 409);
      if (!isUsual)
        log.warn({ key, error: wordsOf(error) }, "Cannot check whether a SealedSecret still opens");
      return "skipped";
    }
  }

  /** The object as it stands, where it is in sync and its Secret is there; else null. */
  async #inSync({ namespace, name, uid }: WatchedObject, signal: AbortSignal): Promise<KubeObject | null> {
    const { client } = this.#parts;
    const object = await unlessGone(
      client.request({ method: "GET", path: sealedSecretPath(namespace, name), signal }),
    );
    if (object === null || object.metadata.uid !== uid || !saysSynced(watchedObject(object))) return null;
    const accept = metadataOnly("PartialObjectMetadata");
    const path = corePath("secrets", namespace, name);
    const secret = await unlessGone(client.request({ method: "GET", path, accept, signal }));
    return secret === null ? null : object;
  }

  async #tell(key: string, object: KubeObject, problem: string | null, signal: AbortSignal): Promise<void> {
    const { client, events, log, metrics, now, updateStatus } = this.#parts;
    const isNews = problem !== null && !this.#failing.has(key);
    if (problem === null) this.#failing.delete(key);
    else this.#failing.add(key);
    const watched = watchedObject(object);
    if (isNews) {
      log.warn({ key, problem }, "A SealedSecret in sync does not open any more");
      events.record(reference(watched), { type: "Warning", reason: NO_KEY_OPENS, message: problem });
    }
    if (!updateStatus) return;
    const { status } = statusHolder(sealedObject(object));
    const next = openingStatus(status, watched.generation, problem, wholeSeconds(now()));
    if (next === null) return;
    await writeStatus(object, next, client, signal);
    const { namespace, name, instance } = watched;
    if (this.#parts.find(key) !== undefined)
      metrics.observeConditions(
        { namespace, name, labels: { "app.kubernetes.io/instance": instance } },
        next,
      );
  }

  #tellNumber(): void {
    for (const key of this.#failing) if (this.#parts.find(key) === undefined) this.#failing.delete(key);
    this.#parts.metrics.setNotOpening(this.#failing.size);
  }
}

/** The object with its values under sealing keys alone; null where it has none, or is not to be opened in parts. */
function classicPart(object: KubeObject): SealedSecret | null {
  const { parsed } = sealedObject(object);
  if (!parsed.ok) return null;
  const { sops: _sops, ...sealed } = parsed.sealedSecret;
  const { encryptedData, data } = sealed.spec;
  const isClassic = (value: string) => formOf(value).backend === "classic";
  if (data !== undefined) return isClassic(data) ? sealed : null;
  const classic = Object.entries(encryptedData).filter(([, value]) => isClassic(value));
  if (classic.length === 0) return null;
  return { ...sealed, spec: { ...sealed.spec, encryptedData: Object.fromEntries(classic) } };
}

function problemOf(opening: NotOpened): string {
  if (!("outcomes" in opening)) return `it does not open any more: ${opening.problem}`;
  const items = [...opening.outcomes].flatMap(([item, { kind }]) =>
    kind === "opened" || kind === "not-tried" ? [] : [item],
  );
  const named = items.slice(0, ITEMS_NAMED).join(", ");
  const more = items.length > ITEMS_NAMED ? ` and ${items.length - ITEMS_NAMED} more` : "";
  return `no sealing key at hand opens ${named}${more} any more; the Secret stays, and could not be made again: seal the values anew, or take the key back that was retired`;
}
