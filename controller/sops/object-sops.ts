import { AGE_IDENTITIES_LABEL, AGE_NAMESPACES_ANNOTATION } from "../../shared/age-identity-secret.ts";
import type { SopsUnwrapper } from "../../shared/document/sops/key-services.ts";
import type { KmsNamed, SopsKms } from "../../shared/document/sops/keys/kms-entry.ts";
import { vaultAddressOf } from "../../shared/document/sops/keys/recipient-text.ts";
import { sopsUnwrapper } from "../../shared/document/sops/keys/unwrapper.ts";
import type { SopsVault } from "../../shared/document/sops/keys/vault-entry.ts";
import { KeyServiceError } from "../../shared/seal/key-service-error.ts";
import { shellWord } from "../../shared/shell-word.ts";
import type { KeyServiceSettings } from "../key-service-settings.ts";
import type { DataKeyLook, ObjectKeyServices } from "../key-services/object-key-services.ts";
import type { AgeIdentityKeeper } from "./age-identity-keeper.ts";
import { boundedUnwrapper } from "./bounded-unwrapper.ts";

/** What opening SOPS documents takes from the rest of the controller. */
export type ObjectSopsParts = {
  keyServices: Pick<ObjectKeyServices, "lookFor">;
  identities: Pick<AgeIdentityKeeper, "hasListed" | "identitiesFor">;
};

/** Pairs of a KMS context that say the place: they are compared with where the object stands, not with a list. */
const PLACE_PAIR = "signet-";

/** Unwraps the data keys of SealedSecrets that are SOPS documents, each by what its namespace is allowed. */
export class ObjectSops {
  readonly #settings: KeyServiceSettings;
  readonly #parts: ObjectSopsParts;

  constructor(settings: KeyServiceSettings, parts: ObjectSopsParts) {
    this.#settings = settings;
    this.#parts = parts;
  }

  /** For one look at an object of a namespace. */
  unwrapperFor(namespace: string): SopsUnwrapper {
    const { identities: known, keyServices } = this.#parts;
    const look = keyServices.lookFor(namespace);
    const identities = known.identitiesFor(namespace);
    const hint = `label a Secret with one in the controller's namespace ${AGE_IDENTITIES_LABEL}=active, and name ${namespace} in its annotation ${AGE_NAMESPACES_ANNOTATION}`;
    const services = { kms: this.#kms(look, namespace), vault: this.#vault(look) };
    const bounded = boundedUnwrapper(identities, hint, (serving) =>
      sopsUnwrapper({ age: { identities: serving, hint }, ...services }),
    );
    return {
      async unwrap(entry, signal) {
        const unwrapped = await bounded.unwrap(entry, signal);
        if ("share" in unwrapped || entry.type !== "age" || known.hasListed) return unwrapped;
        return { problem: notListed() };
      },
    };
  }

  #kms({ kms, permits }: DataKeyLook, namespace: string): SopsKms {
    const contexts = this.#settings["kms-allowed-contexts"].map((pair) =>
      pair.endsWith("={namespace}") ? pair.replace("{namespace}", namespace) : pair,
    );
    return {
      api: () => kms,
      permits({ kind, text }) {
        if (kind === "key") return permits("kms", text);
        // Whoever writes a document does not choose as whom the controller asks.
        return kind === "context" && (text.startsWith(PLACE_PAIR) || contexts.includes(text));
      },
      hintFor: kmsHint,
    };
  }

  #vault({ transit, permits }: DataKeyLook): SopsVault | null {
    const address = vaultAddressOf(this.#settings["vault-addr"]);
    if (address === null) return null;
    return {
      address,
      api: transit,
      permits: (key) => permits("vault", key),
      hintFor: () =>
        "list the key in --vault-allowed-keys, or encrypt the document for one that is listed there",
      addressHint:
        "encrypt the document for a key of that Vault, or give the controller the other address in --vault-addr",
    };
  }
}

function notListed(): KeyServiceError {
  const hint = "what they open is opened by itself once they were";
  return new KeyServiceError("unavailable", "the age identities of the controller were not listed yet", hint);
}

function kmsHint({ kind, text }: KmsNamed): string {
  switch (kind) {
    case "key":
      return "list the key in --kms-allowed-keys, or encrypt the document for one that is listed there";
    case "context":
      return `list the pair: --kms-allowed-contexts=${shellWord(text)}`;
    case "role":
    case "profile":
      return "encrypt the document without it: the controller asks AWS KMS in its own name alone";
  }
}
