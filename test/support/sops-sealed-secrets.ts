import { utf8 } from "../../shared/bytes.ts";
import type { SopsKms } from "../../shared/document/sops/keys/kms-entry.ts";
import { sopsUnwrapper } from "../../shared/document/sops/keys/unwrapper.ts";
import { sopsWrapper } from "../../shared/document/sops/keys/wrapper.ts";
import type { SopsRecipient } from "../../shared/document/sops/metadata.ts";
import { type Scope, type ScopeKind, scopeAt } from "../../shared/scope.ts";
import { sealSecret } from "../../shared/seal-secret.ts";
import { parseSealedSecret, type SealedSecret } from "../../shared/sealed-secret.ts";
import { parseSecret } from "../../shared/secret.ts";
import { openSopsValues, type SopsOpened } from "../../shared/sops-sealed-secret/open-sops.ts";
import { sopsSealer } from "../../shared/sops-sealed-secret/seal-sops.ts";
import { newAgeIdentity } from "./sops-keys.ts";

/** The cluster that these are made for, and where. */
export const CLUSTER = "11111111-2222-3333-4444-555555555555";
export const PLACE = { namespace: "shop", name: "db" };
export const NOW = new Date("2026-01-02T03:04:05Z");

const NEVER = new AbortController().signal;

/** A SealedSecret as it can be changed by whoever has the file. */
export type Loose = {
  metadata: {
    name: string;
    namespace: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  spec: { encryptedData: Record<string, string>; template?: Record<string, unknown> };
  sops?: Record<string, unknown>;
};

/** Seals and opens SealedSecrets that are SOPS documents, with an age identity of its own. */
export class SopsSealedSecrets {
  readonly recipient: string;
  readonly #identities: Awaited<ReturnType<typeof newAgeIdentity>>["identities"];
  readonly kms: SopsKms | null;

  private constructor(identity: Awaited<ReturnType<typeof newAgeIdentity>>, kms: SopsKms | null) {
    this.recipient = identity.recipient;
    this.#identities = identity.identities;
    this.kms = kms;
  }

  static async create(kms: SopsKms | null = null): Promise<SopsSealedSecrets> {
    return new SopsSealedSecrets(await newAgeIdentity(), kms);
  }

  get wrapper() {
    return sopsWrapper({ kms: this.kms, vault: null, now: () => NOW });
  }

  get unwrapper() {
    return sopsUnwrapper({
      age: { identities: this.#identities, hint: "give the identity" },
      kms: this.kms,
      vault: null,
    });
  }

  /** Seals a Secret `shop/db` with these items. */
  async seal(
    items: Readonly<Record<string, string>>,
    {
      scope = "strict",
      groups = [[{ type: "age", recipient: this.recipient }]],
      labels = {},
    }: { scope?: ScopeKind; groups?: SopsRecipient[][]; labels?: Record<string, string> } = {},
  ): Promise<Loose & SealedSecret> {
    const data = Object.fromEntries(Object.entries(items).map(([item, text]) => [item, btoa(text)]));
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { ...PLACE, labels }, data };
    const sealer = sopsSealer({ groups, shamirThreshold: 0, wrapper: this.wrapper, now: () => NOW });
    const { sealedSecret } = await sealSecret(parseSecret(secret, "secret"), "secret", {
      sealer,
      clusterId: CLUSTER,
      scope,
      name: null,
      namespace: null,
      allowEmptyData: true,
    });
    return sealedSecret as Loose & SealedSecret;
  }

  /** Opens one as it would come out of a cluster. */
  open(
    sealedSecret: unknown,
    {
      scope = scopeAt("strict", PLACE),
      clusterId = CLUSTER,
    }: { scope?: Scope; clusterId?: string | (() => Promise<string>) } = {},
  ): Promise<SopsOpened> {
    const { unwrapper } = this;
    return openSopsValues(parseSealedSecret(sealedSecret, "it"), { clusterId, scope, unwrapper }, NEVER);
  }
}

/** What opened, as texts; why not, by its cause. */
export function told(opened: SopsOpened): Record<string, string> | string {
  if (!opened.ok) return opened.cause;
  return Object.fromEntries(
    [...opened.values].map(([item, bytes]) => [item, new TextDecoder().decode(bytes)]),
  );
}

/** As the API server returns it: JSON with the keys of maps in byte order, as JavaScript reads that. */
export function asServed<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}

export { utf8 };
