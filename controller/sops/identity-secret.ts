import { AGE_NAMESPACES_ANNOTATION } from "../../shared/age-identity-secret.ts";
import type { Bytes } from "../../shared/bytes.ts";
import type { KubeObject } from "../../shared/kube/client.ts";
import type { SecretObject } from "../reconcile/secret-object.ts";

/** A Secret with age identities as a watch keeps it: once it was judged, what it held is gone from here. */
export class IdentitySecret {
  readonly about: KubeObject;
  readonly #items = new Map<string, Bytes>();

  constructor({ metadata, data }: SecretObject) {
    const { namespace = "", name = "", uid = "", resourceVersion = "", annotations } = metadata;
    const serves = annotations?.[AGE_NAMESPACES_ANNOTATION];
    // Other annotations may hold all of it once more, as those of kubectl do.
    const marks = serves === undefined ? {} : { [AGE_NAMESPACES_ANNOTATION]: serves };
    this.about = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { namespace, name, uid, resourceVersion, annotations: marks },
    };
    for (const [item, value] of Object.entries(data ?? {})) {
      // The API server gives null for an item that was written as null.
      if (typeof value === "string") this.#items.set(item, Uint8Array.from(Buffer.from(value, "base64")));
    }
  }

  get name(): string {
    return this.about.metadata.name ?? "";
  }

  /** What it holds, by item, as long as it was not wiped. */
  get items(): ReadonlyMap<string, Bytes> {
    return this.#items;
  }

  wipe(): void {
    for (const value of this.#items.values()) value.fill(0);
    this.#items.clear();
  }
}
