import { utf8 } from "../../shared/bytes.ts";
import { SealError } from "../../shared/errors.ts";
import { KubeApiError } from "../../shared/kube/api-error.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import { corePath } from "../../shared/kube/paths.ts";
import { promotionMark } from "../../shared/promotion-time.ts";
import { readCertificate } from "../../shared/seal/certificate.node.ts";
import { type IssuedKey, issueKey, type KeyRequest } from "../../shared/seal/issue-certificate.node.ts";
import { successorName } from "../../shared/seal/successor-name.node.ts";
import {
  AWAITS_BACKUP_ANNOTATION,
  AWAITS_PROMOTION_ANNOTATION,
  PRIMARY_ANNOTATION,
} from "../../shared/sealing-key-secret.ts";
import type { Log } from "../log.ts";
import type { SecretObject } from "../reconcile/secret-object.ts";
import type { Term } from "../runtime/term.ts";
import { CLOCK_SKEW_MS, judgeKeySecret, type KnownKey, type LookAtWrapped } from "./judge-key.ts";
import type { KeyRing, ListedKey } from "./key-ring.ts";
import { isInUse, type KeySecretStyle, keySecret } from "./key-secret.ts";
import type { KeyWrapping } from "./key-wrapping.ts";
import { readPromotion } from "./promotion.ts";
import { announceAttempt, firstAttempt } from "./sealing-key-record.ts";
import type { WrappedKeys } from "./wrapped-keys.ts";

/** What new keys are made of, within one term of leading. */
export type KeyMakerParts = {
  term: Term;
  /** Writes only while the term holds. */
  client: KubeClient;
  log: Log;
  now: () => Date;
  ring: KeyRing;
  wrapping: Pick<KeyWrapping, "wraps" | "wrap">;
  wrappedKeys: Pick<WrappedKeys, "look" | "prove" | "forget">;
  request: KeyRequest;
  /** A new key is not to seal before its backup is confirmed, unless nothing else does. */
  requireBackup: boolean;
  style: KeySecretStyle;
  /** Told apart by it: clusters that share keys must not give other keys the same name. */
  clusterId: () => string | null;
  /** {@link issueKey}, but for tests that have keys. */
  issue?: typeof issueKey;
  /** Takes a key Secret into the ring; `replaced` are versions of it that are older, or the same. */
  take: (secret: SecretObject, ...replaced: readonly SecretObject[]) => Promise<void>;
};

/** A key that is to succeed another one, until its Secret stands. */
type Pending = {
  key: IssuedKey;
  fingerprint: string;
  digest: string;
  predecessor: string | null;
  /** What was to seal when it was made, and since which promotion. */
  over: string;
  /** Its Secret as it was first seen, once the server has answered. */
  written: SecretObject | null;
};

/** Names that may be taken by Secrets that have nothing to do with it. */
const MAX_NAMES = 30;

/**
 * Makes sealing keys and writes their Secrets, one at a time, and one only for each key that is succeeded: who writes
 * late meets the Secret of who was first under the same name.
 */
export class KeyMaker {
  readonly #parts: KeyMakerParts;
  #pending: Pending | null = null;
  #last: Promise<void> = Promise.resolve();

  constructor(parts: KeyMakerParts) {
    this.#parts = parts;
  }

  /**
   * Makes a key, writes its Secret and takes it into the ring.
   * @param due asked right before: false when by now no key is wanted any more.
   * @throws KubeApiError, KubeUnreachableError when the Secret could not be written; UnfitKeyError when the options
   * ask for a key that would be refused; KeyServiceError, UnprovenKeyError when it could not be wrapped;
   * NotLeadingError; the signal's reason when the term ends.
   */
  make(due: () => boolean): Promise<void> {
    const made = this.#last.then(() => this.#make(due));
    this.#last = made.catch(() => undefined);
    return made;
  }

  /** A key was made in this term, and it did not come to its promotion. */
  get hasUnfinished(): boolean {
    return this.#unfinished() !== null;
  }

  /** Resolves when nothing is under way. */
  get idle(): Promise<void> {
    return this.#last;
  }

  async #make(due: () => boolean): Promise<void> {
    const { term, ring } = this.#parts;
    let announced: Pending | null = null;
    // Each step takes its time, and another key may have come meanwhile.
    for (;;) {
      term.signal.throwIfAborted();
      if (!due()) return;
      const unfinished = this.#unfinished();
      if (unfinished !== null) {
        if (await this.#finish(unfinished)) return;
        continue;
      }
      const predecessor = ring.newest?.certificate.fingerprint ?? null;
      if (this.#pending?.predecessor !== predecessor || this.#pending.over !== foremostOf(ring))
        this.#pending = await this.#issue(predecessor);
      else if (announced !== this.#pending) {
        announced = this.#pending;
        const sealing = ring.primary?.certificate.fingerprint ?? null;
        await announceAttempt(term, announced.fingerprint, (one) => ring.hasHadItsTurn(one), sealing);
      } else break;
    }
    await this.#write(announced);
    this.#pending = null;
  }

  async #issue(predecessor: string | null): Promise<Pending> {
    const { now, ring, request, issue = issueKey } = this.#parts;
    const over = foremostOf(ring);
    // Certificates begin at whole seconds: of two within one second, neither would be told to be the newer.
    const begin = new Date(Math.max(now().getTime(), (ring.latestBegin?.getTime() ?? 0) + 1000));
    const key = await issue(request, begin);
    const { fingerprint, digest } = readCertificate(key.certificatePem);
    return { key, fingerprint, digest, predecessor, over, written: null };
  }

  async #write(pending: Pending): Promise<void> {
    const { term, client, log, ring, style, clusterId } = this.#parts;
    const { key } = pending;
    const predecessor = ring.newest;
    const cluster = clusterId() ?? firstAttempt(term);
    for (let counter = 0; counter < MAX_NAMES; counter++) {
      const name = successorName(style.prefix, { cluster, predecessor: pending.predecessor, counter });
      const body = await this.#secretOf(pending, name);
      try {
        const path = corePath("secrets", style.namespace);
        const request = { method: "POST", path, body, signal: term.signal } as const;
        await this.#promote((await client.request(request)) as SecretObject, pending);
        log.info({ namespace: style.namespace, name }, "New key written");
        log.info({ certificate: key.certificatePem }, "Certificate generated");
        return;
      } catch (error) {
        if (!isStatus(error, 409)) throw error;
        const found = await this.#read(name);
        // Something else than the name was in the way.
        if (found === null) throw error;
        if (await this.#takeFound(found, pending, predecessor)) return;
      }
    }
    throw new NoFreeNameError(style.prefix);
  }

  /** The Secret to write. A wrapped key is proven to unwrap first: afterwards nothing else could open it. */
  async #secretOf({ key, fingerprint, digest }: Pending, name: string): Promise<SecretObject> {
    const { term, now, style, wrapping, wrappedKeys } = this.#parts;
    const annotations = { ...style.annotations, ...this.#waiting() };
    const styled = { ...style, annotations, name };
    const plain = keySecret(key, styled);
    const verdict = await judgeKeySecret(plain, now(), noneWrapped);
    // Written, it would be refused, and so would be the next one and the one after that.
    if (!verdict.ok) throw new UnfitKeyError(verdict.problem ?? "it is wrapped");
    if (!wrapping.wraps) return plain;
    const place = { namespace: style.namespace, name, fingerprint, certificate: digest };
    const pem = utf8(key.privateKeyPem);
    try {
      const wrapped = await wrapping.wrap(pem, place, term.signal);
      await wrappedKeys.prove({ ...place, text: wrapped.text }, term.signal);
      return keySecret({ certificatePem: key.certificatePem, wrapped }, styled);
    } finally {
      pem.fill(0);
    }
  }

  /** The first key has nobody to seal in its stead. */
  #waiting(): Record<string, string> {
    const { requireBackup, ring } = this.#parts;
    return {
      ...(requireBackup && ring.foremost !== null ? { [AWAITS_BACKUP_ANNOTATION]: "true" } : {}),
      ...(ring.foremost?.promotedAt == null ? {} : { [AWAITS_PROMOTION_ANNOTATION]: "true" }),
    };
  }

  /**
   * The key of this term that waits for the promotion which was to follow. One that an earlier leader left so is not
   * promoted: mark and certificate are anybody's to write. The certificate of ours has been nowhere but in its Secret.
   */
  #unfinished(): { name: string; pending: Pending } | null {
    const pending = this.#pending;
    const { ring } = this.#parts;
    // Somebody promoted another key meanwhile, and meant it.
    if (pending === null || pending.over !== foremostOf(ring)) return null;
    const { digest, written } = pending;
    if (written !== null) return { name: written.metadata.name ?? "", pending };
    const isOurs = (key: ListedKey) =>
      "opening" in key &&
      key.certificate.digest === digest &&
      key.marks.awaitsPromotion &&
      key.promotedAt === null;
    const found = ring.listed.find(isOurs);
    return found === undefined ? null : { name: found.secretName, pending };
  }

  /** @returns false when its Secret is gone, or is another one, and another key is to be made. */
  async #finish({ name, pending }: { name: string; pending: Pending }): Promise<boolean> {
    const found = await this.#read(name);
    const isThere = found !== null && isInUse(found) && isSecretOf(found, pending);
    if (isThere) await this.#promote(found, pending);
    this.#pending = null;
    return isThere;
  }

  /**
   * Takes in the Secret of a key that was made here, promoted where it was made to wait for that: where a promotion is in
   * force, the new key would never seal without one of its own, and that has to name the uid which its Secret got when it
   * was created.
   */
  async #promote(secret: SecretObject, pending: Pending): Promise<void> {
    const { client, now, ring, style, take, term } = this.#parts;
    const { name = "", annotations, uid = "" } = secret.metadata;
    pending.written ??= secret;
    const { [AWAITS_PROMOTION_ANNOTATION]: waits, ...others } = annotations ?? {};
    if (waits === undefined || pending.over !== foremostOf(ring)) return await take(secret, pending.written);
    const at = Math.max(now().getTime(), (ring.foremost?.promotedAt?.getTime() ?? 0) + 1000);
    const marks = { ...others, [PRIMARY_ANNOTATION]: promotionMark(new Date(at), uid) };
    const body = { ...secret, metadata: { ...secret.metadata, annotations: marks } };
    const path = corePath("secrets", style.namespace, name);
    const request = { method: "PUT", path, body, signal: term.signal } as const;
    await take((await client.request(request)) as SecretObject, pending.written, secret);
  }

  async #read(name: string): Promise<SecretObject | null> {
    const { term, client, style } = this.#parts;
    try {
      const path = corePath("secrets", style.namespace, name);
      return (await client.request({ method: "GET", path, signal: term.signal })) as SecretObject;
    } catch (error) {
      if (isStatus(error, 404)) return null;
      throw error;
    }
  }

  /**
   * The name is taken: by this very key, whose answer was lost, by the one that another leader made, or by something
   * else.
   * @returns true when there is nothing more to write.
   */
  async #takeFound(found: SecretObject, pending: Pending, predecessor: KnownKey | null): Promise<boolean> {
    const { now, ring, take, wrappedKeys } = this.#parts;
    const isOurs = isSecretOf(found, pending);
    // Taken out already, ours is not to be written once more under another name.
    if (!isInUse(found)) return isOurs;
    const verdict = await judgeKeySecret(found, now(), (wrapped) => wrappedKeys.look(wrapped));
    if (verdict.problem !== null) return isOurs;
    if (isOurs) {
      await this.#promote(found, pending);
      return true;
    }
    if (predecessor !== null && !ring.isNewer(verdict.key, predecessor)) return false;
    // Anybody could have put a key there under that name: one that does not come to seal takes nobody's place. Nor is it
    // taken in, as the newest key: the next try would succeed it, under names of its own.
    const isPromoted = readPromotion(found, now(), CLOCK_SKEW_MS).at !== null;
    if (ring.foremost?.promotedAt != null && !isPromoted) return false;
    await take(found);
    return ring.heir?.secretName === found.metadata.name;
  }
}

/** Whether a Secret is the one that was written, or may have been before the answer was lost. */
function isSecretOf({ data, metadata }: SecretObject, { key, written }: Pending): boolean {
  const isSame = data?.["tls.crt"] === Buffer.from(key.certificatePem).toString("base64");
  return isSame && (written === null || written.metadata.uid === metadata.uid);
}

/** Another string whenever another key is to seal, or by another promotion. */
function foremostOf({ foremost }: KeyRing): string {
  if (foremost === null) return "";
  return `${foremost.certificate.fingerprint} ${foremost.promotedAt?.getTime() ?? ""}`;
}

const noneWrapped: LookAtWrapped = () => ({ state: "refused", problem: "it is wrapped" });

function isStatus(error: unknown, status: number): error is KubeApiError {
  return error instanceof KubeApiError && error.status === status;
}

/** The options ask for a key that would be refused once it is read back. */
export class UnfitKeyError extends SealError {
  override readonly code = "unfit-key";

  /** @param problem what judging the key says. */
  constructor(problem: string) {
    super(`a new key would be of no use: ${problem}`, "check --key-ttl and --my-cn");
  }
}

/** Every name that a new key may have is taken. */
export class NoFreeNameError extends SealError {
  override readonly code = "no-free-name";

  /** @param prefix of the names. */
  constructor(prefix: string) {
    super(`all names for a new key with the prefix ${prefix} are taken`, "give another --key-prefix");
  }
}
