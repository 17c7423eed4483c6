import { InputError } from "../../shared/errors.ts";
import { KubeApiError } from "../../shared/kube/api-error.ts";
import type { KubeClient, KubeObject } from "../../shared/kube/client.ts";
import { corePath } from "../../shared/kube/paths.ts";
import { ACTIVE, KEY_LABEL, WRAPPED } from "../../shared/sealing-key-secret.ts";
import { KeyWrites } from "./key-writes.ts";

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

/** What is written beside a key, which stays as it is. */
export type KeySecretMarks = {
  /** Another value of the label, where it changes. */
  label?: string;
  /** Annotations to write; null takes one away. */
  annotations?: Readonly<Record<string, string | null>>;
};

const TIMEOUT_MS = 30_000;
/** Controllers take a Secret of this name for a key that has no label at all, as old versions wrote it. */
const LEGACY_NAME = "sealed-secrets-key";
/** kubectl writes the whole object there when it applies one, the private key with it. */
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** The Secrets of the sealing keys of one controller. */
export class KeySecrets {
  readonly #client: KubeClient;
  readonly #namespace: string;
  readonly #timeoutMs: number;
  readonly #writes: KeyWrites;

  /** @param writes is told what is written. */
  constructor(client: KubeClient, namespace: string, timeoutMs: number | null, writes = new KeyWrites()) {
    this.#client = client;
    this.#namespace = namespace;
    this.#timeoutMs = timeoutMs ?? TIMEOUT_MS;
    this.#writes = writes;
  }

  /** All whose keys are in use, by name. @throws KubeApiError, KubeUnreachableError. */
  async inUse(): Promise<KeySecretObject[]> {
    return sorted(await this.#list({ labelSelector: `${KEY_LABEL} in (${ACTIVE},${WRAPPED})` }));
  }

  /**
   * All that hold a key or held one that was retired, by name; the one without a label that old versions wrote, too.
   * @throws KubeApiError, KubeUnreachableError.
   */
  async all(): Promise<KeySecretObject[]> {
    const labelled = await this.#list({ labelSelector: KEY_LABEL });
    const legacy = await this.#list({ fieldSelector: `metadata.name=${LEGACY_NAME}` });
    const isPlain = ({ metadata }: KeySecretObject) => metadata.labels?.[KEY_LABEL] === undefined;
    return sorted([...labelled, ...legacy.filter(isPlain)]);
  }

  /** Writes a new Secret. @returns it as it stands; null where its name is taken. @throws KubeApiError, KubeUnreachableError. */
  create(body: KeySecretObject): Promise<KeySecretObject | null> {
    return this.#writes.write(`${body.metadata.name} created`, async () => {
      const path = corePath("secrets", this.#namespace);
      try {
        const request = { method: "POST", path, body, timeoutMs: this.#timeoutMs } as const;
        return (await this.#client.request(request)) as KeySecretObject;
      } catch (error) {
        if (error instanceof KubeApiError && error.status === 409) return null;
        throw error;
      }
    });
  }

  /**
   * Writes label and annotations of a key Secret, as long as nobody changed it since it was read.
   * @throws InputError when somebody did; KubeApiError, KubeUnreachableError.
   */
  async mark(secret: KeySecretObject, { label, annotations = {} }: KeySecretMarks): Promise<void> {
    const { metadata } = secret;
    const what = label === undefined ? "annotated" : `labelled ${label}`;
    await this.#put(what, {
      ...secret,
      metadata: {
        ...metadata,
        labels: { ...metadata.labels, ...(label === undefined ? {} : { [KEY_LABEL]: label }) },
        annotations: present({ ...metadata.annotations, ...annotations }),
      },
    });
  }

  /**
   * Writes a key Secret, all of it at once, as long as nobody changed it since it was read.
   * @throws InputError when somebody did, or the Secret may not be changed; KubeApiError, KubeUnreachableError.
   */
  async write(secret: KeySecretObject, change: KeySecretChange): Promise<void> {
    const { metadata, data } = secret;
    // No copy of the key may stay behind beside its item.
    const annotations = { ...metadata.annotations, [LAST_APPLIED]: null, ...change.annotations };
    await this.#put(`labelled ${change.label}`, {
      ...secret,
      metadata: {
        ...metadata,
        labels: { ...metadata.labels, [KEY_LABEL]: change.label },
        annotations: present(annotations),
      },
      data: { ...data, "tls.key": Buffer.from(change.keyText).toString("base64") },
    });
  }

  async #list(query: Record<string, string>): Promise<KeySecretObject[]> {
    const path = corePath("secrets", this.#namespace);
    const list = await this.#client.request({ method: "GET", path, query, timeoutMs: this.#timeoutMs });
    return (list["items"] ?? []) as KeySecretObject[];
  }

  async #put(what: string, secret: KeySecretObject): Promise<void> {
    const { name = "" } = secret.metadata;
    const path = corePath("secrets", this.#namespace, name);
    const body = { ...secret, apiVersion: "v1", kind: "Secret" };
    try {
      await this.#writes.write(`${name} ${what}`, () =>
        this.#client.request({ method: "PUT", path, body, timeoutMs: this.#timeoutMs }),
      );
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

function sorted(secrets: KeySecretObject[]): KeySecretObject[] {
  return secrets.sort((a, b) => ((a.metadata.name ?? "") < (b.metadata.name ?? "") ? -1 : 1));
}

/** Annotations as they are written: without those that are null. */
export function present(annotations: Readonly<Record<string, string | null>>): Record<string, string> {
  const entries = Object.entries(annotations);
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== null));
}
