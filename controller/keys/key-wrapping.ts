import type { Bytes } from "../../shared/bytes.ts";
import { SealError, UsageError } from "../../shared/errors.ts";
import { KeyServiceError } from "../../shared/seal/key-service-error.ts";
import type { KmsApi } from "../../shared/seal/kms-api.ts";
import type { TransitApi } from "../../shared/seal/transit-api.ts";
import { VaultKeyProofs } from "../../shared/seal/vault-key-proofs.ts";
import {
  type SealingKeyPlace,
  unwrapSealingKey,
  WrappedKeyError,
  type WrappingServices,
  wrapSealingKey,
} from "../../shared/seal/wrapped-key.ts";
import {
  parseWrappingKey,
  type WrappingKey,
  wrappingKeyOf,
  wrappingKeyText,
} from "../../shared/seal/wrapping-key.ts";
import { shellWord } from "../../shared/shell-word.ts";

/** What a wrapped sealing key is bound to beside its cluster: its Secret, its public half and its certificate. */
export type KeyPlace = Omit<SealingKeyPlace, "clusterId">;

/** Wraps sealing keys by a key of a key service, and unwraps them. */
export interface KeyWrapping {
  /** Whether new keys are wrapped, and only wrapped ones seal. */
  readonly wraps: boolean;
  /** The wrapping keys that options name, `kms:ARN` or `vault:MOUNT/KEY`: the one for new keys, null for none, and others. */
  readonly named: { wrap: string | null; unwrap: readonly string[] };
  /**
   * @param pem the private key; left as it is.
   * @returns what the item tls.key is to hold, and the wrapping key in the form kms:ARN or vault:MOUNT/KEY.
   * @throws KeyServiceError; the signal's reason when aborted.
   */
  wrap(pem: Bytes, place: KeyPlace, signal: AbortSignal): Promise<{ text: string; by: string }>;
  /**
   * @param text of the item tls.key.
   * @returns the private key in PEM, which the caller wipes; or why the text is none of a key that belongs there.
   * @throws KeyServiceError, `not-allowed` where no option names the wrapping key; the signal's reason when aborted.
   */
  unwrap(text: string, place: KeyPlace, signal: AbortSignal): Promise<{ pem: Bytes } | { refused: string }>;
}

/** Which keys wrap sealing keys. */
export type WrappingOptions = {
  "sealing-key-wrap": string;
  "sealing-key-unwrap": readonly string[];
};

/** What wrapping takes from the rest of the controller. */
export type WrappingParts = {
  /** Each is asked for only where a key of that service is to be used. */
  services: { kms(): Promise<KmsApi>; transit(): Promise<TransitApi> };
  clusterId: () => string | null;
  /** Ms of a clock that never jumps. */
  monotonic: () => number;
};

/** The wrapping that options describe; without any of them nothing is wrapped, and nothing that is wrapped opens. */
export function keyWrapping(options: WrappingOptions, parts: WrappingParts): KeyWrapping {
  const wrapsBy = parseWrappingKey(options["sealing-key-wrap"]);
  const allowed = new Set([options["sealing-key-wrap"], ...options["sealing-key-unwrap"]]);
  const proofs = new VaultKeyProofs({ now: parts.monotonic });
  const at = (place: KeyPlace): SealingKeyPlace => ({ ...place, clusterId: knownCluster(parts.clusterId()) });
  const servicesFor = async ({ service }: WrappingKey): Promise<WrappingServices> => ({
    kms: service === "kms" ? await parts.services.kms() : null,
    transit: service === "vault" ? await parts.services.transit() : null,
    proofs,
  });
  return {
    wraps: wrapsBy !== null,
    named: {
      wrap: wrapsBy === null ? null : wrappingKeyText(wrapsBy),
      unwrap: options["sealing-key-unwrap"],
    },
    async wrap(pem, place, signal) {
      if (wrapsBy === null) throw new Error("nothing is to be wrapped");
      const text = await wrapSealingKey(await servicesFor(wrapsBy), wrapsBy, at(place), pem, signal);
      return { text, by: wrappingKeyText(wrapsBy) };
    },
    async unwrap(text, place, signal) {
      const by = wrappingKeyOf(text);
      // Before anything is connected: what stands in a Secret does not decide what is.
      if (by !== null && !allowed.has(wrappingKeyText(by))) throw notAllowed(wrappingKeyText(by));
      const services = by === null ? { kms: null, transit: null } : await servicesFor(by);
      try {
        const isAllowed = (key: WrappingKey) => allowed.has(wrappingKeyText(key));
        return { pem: await unwrapSealingKey(services, text, at(place), isAllowed, signal) };
      } catch (error) {
        if (error instanceof WrappedKeyError) return { refused: error.message };
        throw error;
      }
    },
  };
}

/**
 * Refuses to wrap, or to unwrap, in a cluster whose id is not known: a wrapped key is bound to it.
 * @throws UsageError naming the options.
 */
export function requireClusterToWrap(options: WrappingOptions, clusterId: string | null): void {
  if (clusterId !== null) return;
  const wraps = options["sealing-key-wrap"] !== "";
  if (!wraps && options["sealing-key-unwrap"].length === 0) return;
  throw new UsageError(
    `--sealing-key-${wraps ? "wrap" : "unwrap"} is given, and the cluster's id is not known`,
    "give --cluster-id, or allow get on the namespace kube-system, whose uid is the id",
  );
}

function knownCluster(clusterId: string | null): string {
  if (clusterId !== null) return clusterId;
  throw new UnknownClusterError();
}

/** Wrapped keys are bound to a cluster, and nobody knows the id of this one. */
class UnknownClusterError extends SealError {
  override readonly code = "unknown-cluster";

  constructor() {
    super(
      "a wrapped sealing key is bound to a cluster, and the id of this one is not known",
      "give --cluster-id",
    );
  }
}

function notAllowed(by: string): KeyServiceError {
  return new KeyServiceError(
    "not-allowed",
    `it is wrapped by ${by}, which neither --sealing-key-wrap nor --sealing-key-unwrap names`,
    `give --sealing-key-unwrap=${shellWord(by)} if it is to be used`,
  );
}
