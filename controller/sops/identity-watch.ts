import { AGE_IDENTITIES_IN_USE, AGE_IDENTITIES_LABEL } from "../../shared/age-identity-secret.ts";
import { wordsOf } from "../../shared/errors.ts";
import type { KubeClient, KubeObject } from "../../shared/kube/client.ts";
import { corePath } from "../../shared/kube/paths.ts";
import type { Log } from "../log.ts";
import type { SecretObject } from "../reconcile/secret-object.ts";
import { refusalHint } from "../refusal-hint.ts";
import type { Clock } from "../runtime/clock.ts";
import { Informer } from "../runtime/informer.ts";
import { IdentitySecret } from "./identity-secret.ts";

/** What Secrets with age identities are watched with. */
export type IdentityWatchParts = {
  client: KubeClient;
  clock: Clock;
  log: Log;
  /** The controller's own: identities of any other count for nothing. */
  namespace: string;
  /** Takes in a Secret, new or changed; one after the other, in the order in which they came. */
  onSecret: (secret: IdentitySecret) => Promise<void>;
  /** One was deleted, or lost its label. */
  onGone: (about: KubeObject) => void;
};

/** Follows the Secrets that are labelled as holding age identities in use. */
export class IdentityWatch {
  readonly #parts: IdentityWatchParts;
  readonly #informer: Informer<IdentitySecret>;
  #changes: Promise<void> = Promise.resolve();
  readonly #listed = Promise.withResolvers<void>();
  #hasListed = false;

  constructor(parts: IdentityWatchParts) {
    const { client, clock, log, namespace } = parts;
    this.#parts = parts;
    this.#informer = new Informer<IdentitySecret>({
      client,
      clock,
      path: corePath("secrets", namespace),
      labelSelector: `${AGE_IDENTITIES_LABEL}=${AGE_IDENTITIES_IN_USE}`,
      parse: (object) => new IdentitySecret(object as SecretObject),
      onError: (error) => {
        const hint = refusalHint(error, { forbidden: "grant list and watch on secrets in that namespace" });
        log.warn({ error: wordsOf(error), ...hint }, "Cannot watch the age identities, will retry");
      },
    });
    const put = (_key: string, secret: IdentitySecret) => this.#enqueue(() => parts.onSecret(secret));
    this.#informer.subscribe({
      onAdd: put,
      onUpdate: (key, _before, secret) => put(key, secret),
      onDelete: (_key, last) => {
        if (last !== null) this.#enqueue(async () => parts.onGone(last.about));
      },
    });
  }

  /** True once all of them were listed and taken in. */
  get hasListed(): boolean {
    return this.#hasListed;
  }

  /** Resolves when all of them were listed and taken in for the first time. */
  get whenListed(): Promise<void> {
    return this.#listed.promise;
  }

  /** Follows them until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    void this.#informer.synced.then(() =>
      this.#enqueue(async () => {
        this.#hasListed = true;
        this.#listed.resolve();
      }),
    );
    await this.#informer.run(signal);
    await this.#changes;
  }

  #enqueue(change: () => Promise<void>): void {
    this.#changes = this.#changes.then(change).catch((error: unknown) => {
      this.#parts.log.error(
        { error: wordsOf(error) },
        "A change of the age identities could not be taken in",
      );
    });
  }
}
