import { SealError } from "../../shared/errors.ts";
import { KubeApiError } from "../../shared/kube/api-error.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import { corePath } from "../../shared/kube/paths.ts";
import type { Log } from "../log.ts";
import { KEY_LABEL, type SecretObject } from "../reconcile/secret-object.ts";
import { type IssuedKey, issueKey, type KeyRequest } from "./issue-certificate.ts";
import { judgeKeySecret } from "./judge-key.ts";
import { ACTIVE, type KeySecretStyle, keySecret } from "./key-secret.ts";

/** What new keys are made of. */
export type KeyMakerParts = {
  client: KubeClient;
  log: Log;
  now: () => Date;
  /** Begin of the newest certificate there is; null while there is none. */
  newestBegin: () => Date | null;
  request: KeyRequest;
  style: KeySecretStyle;
};

/** Makes sealing keys and writes their Secrets, one at a time, none twice. */
export class KeyMaker {
  readonly #parts: KeyMakerParts;
  readonly #made = new Set<string>();
  /** A key whose Secret may or may not have been written: the answer did not come. */
  #unanswered: IssuedKey | null = null;
  #last: Promise<unknown> = Promise.resolve();
  #lastBeginMs = 0;

  constructor(parts: KeyMakerParts) {
    this.#parts = parts;
  }

  /**
   * Makes a key and writes its Secret.
   * @throws KubeApiError, KubeUnreachableError when the Secret could not be written; UnfitKeyError when the options
   * ask for a key that would be refused; the signal's reason when aborted.
   */
  make(signal: AbortSignal): Promise<SecretObject> {
    const made = this.#last.then(async () => (await this.#found(signal)) ?? (await this.#write(signal)));
    this.#last = made.catch(() => undefined);
    return made;
  }

  /** Whether the key of that fingerprint was made here. */
  madeHere(fingerprint: string): boolean {
    return this.#made.has(fingerprint);
  }

  /** To be told of each key Secret in the cluster, so that no answer is waited for that is known already. */
  saw(secret: SecretObject): void {
    if (this.#unanswered !== null && holds(secret, this.#unanswered)) this.#unanswered = null;
  }

  async #write(signal: AbortSignal): Promise<SecretObject> {
    const { client, log, now, request, style } = this.#parts;
    const key = this.#unanswered ?? (await issueKey(request, this.#nextBegin()));
    this.#lastBeginMs = key.notBefore.getTime();
    const body = keySecret(key, style);
    const verdict = await judgeKeySecret(body, now());
    // Written, it would be refused, and so would be the next one and the one after that.
    if (!verdict.ok) throw new UnfitKeyError(verdict.problem);
    // Before the write: the watch may bring the Secret before the answer does.
    this.#made.add(verdict.key.certificate.fingerprint);
    this.#unanswered = key;
    try {
      const path = corePath("secrets", style.namespace);
      const written = (await client.request({ method: "POST", path, body, signal })) as SecretObject;
      this.#unanswered = null;
      log.info({ namespace: written.metadata.namespace, name: written.metadata.name }, "New key written");
      log.info({ certificate: key.certificatePem }, "Certificate generated");
      return written;
    } catch (error) {
      if (error instanceof KubeApiError && error.status < 500) this.#unanswered = null;
      throw error;
    }
  }

  /** Certificates begin at whole seconds: of two within one second, neither would be told to be the newer. */
  #nextBegin(): Date {
    const { now, newestBegin } = this.#parts;
    const newestMs = Math.max(this.#lastBeginMs, newestBegin()?.getTime() ?? 0);
    return new Date(Math.max(now().getTime(), newestMs + 1000));
  }

  /** The Secret of the key whose write was not answered, if it was written after all. */
  async #found(signal: AbortSignal): Promise<SecretObject | null> {
    const key = this.#unanswered;
    if (key === null) return null;
    const { client, style } = this.#parts;
    const list = await client.request({
      method: "GET",
      path: corePath("secrets", style.namespace),
      query: { labelSelector: `${KEY_LABEL}=${ACTIVE}` },
      signal,
    });
    const items = Array.isArray(list["items"]) ? (list["items"] as SecretObject[]) : [];
    const found = items.find((secret) => holds(secret, key)) ?? null;
    if (found !== null) this.#unanswered = null;
    return found;
  }
}

/** The options ask for a key that would be refused once it is read back. */
export class UnfitKeyError extends SealError {
  override readonly code = "unfit-key";

  /** @param problem what judging the key says. */
  constructor(problem: string) {
    super(`a new key would be of no use: ${problem}`, "check --key-ttl and --my-cn");
  }
}

function holds({ data }: SecretObject, { certificatePem }: IssuedKey): boolean {
  return data?.["tls.crt"] === Buffer.from(certificatePem).toString("base64");
}
