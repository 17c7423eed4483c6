import { InputError } from "../../shared/errors.ts";
import { KubeApiError } from "../../shared/kube/api-error.ts";
import type { KubeClient, KubeObject } from "../../shared/kube/client.ts";
import { corePath } from "../../shared/kube/paths.ts";
import { ACTIVE, KEY_LABEL, WRAPPED } from "../../shared/sealing-key-secret.ts";

/** A Secret that holds a sealing key, as the API server gives it. `data` is base64. */
export type KeySecretObject = KubeObject & {
  immutable?: boolean | null;
  data?: Record<string, string | null> | null;
};

/** What is written in the place of a key Secret's key. */
export type KeySecretChange = {
  label: typeof ACTIVE | typeof WRAPPED;
  /** Annotations to write; null takes one away. */
  annotations: Readonly<Record<string, string | null>>;
  /** Bytes of the item tls.key. */
  keyText: Uint8Array;
};

const TIMEOUT_MS = 30_000;
/** kubectl writes the whole object there when it applies one, the private key with it. */
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** The Secrets of the sealing keys of one controller. */
export class KeySecrets {
  readonly #client: KubeClient;
  readonly #namespace: string;
  readonly #timeoutMs: number;

  constructor(client: KubeClient, namespace: string, timeoutMs: number | null) {
    this.#client = client;
    this.#namespace = namespace;
    this.#timeoutMs = timeoutMs ?? TIMEOUT_MS;
  }

  /** All whose keys are in use, by name. @throws KubeApiError, KubeUnreachableError. */
  async inUse(): Promise<KeySecretObject[]> {
    const path = corePath("secrets", this.#namespace);
    const query = { labelSelector: `${KEY_LABEL} in (${ACTIVE},${WRAPPED})` };
    const list = await this.#client.request({ method: "GET", path, query, timeoutMs: this.#timeoutMs });
    const items = (list["items"] ?? []) as KeySecretObject[];
    return items.sort((a, b) => ((a.metadata.name ?? "") < (b.metadata.name ?? "") ? -1 : 1));
  }

  /**
   * Writes a key Secret, all of it at once, as long as nobody changed it since it was read.
   * @throws InputError when somebody did, or the Secret may not be changed; KubeApiError, KubeUnreachableError.
   */
  async write(secret: KeySecretObject, change: KeySecretChange): Promise<void> {
    const { metadata, data } = secret;
    const { name = "" } = metadata;
    // No copy of the key may stay behind beside its item.
    const annotations = { ...metadata.annotations, [LAST_APPLIED]: null, ...change.annotations };
    const body = {
      ...secret,
      apiVersion: "v1",
      kind: "Secret",
      metadata: {
        ...metadata,
        labels: { ...metadata.labels, [KEY_LABEL]: change.label },
        annotations: Object.fromEntries(Object.entries(annotations).filter(([, value]) => value !== null)),
      },
      data: { ...data, "tls.key": Buffer.from(change.keyText).toString("base64") },
    };
    const path = corePath("secrets", this.#namespace, name);
    try {
      await this.#client.request({ method: "PUT", path, body, timeoutMs: this.#timeoutMs });
    } catch (error) {
      if (error instanceof KubeApiError && error.status === 409) {
        throw new InputError(
          `Secret ${this.#namespace}/${name} was changed meanwhile`,
          "run the command again",
        );
      }
      throw error;
    }
  }
}
