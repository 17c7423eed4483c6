import type { SopsUnwrapper } from "../../shared/document/sops/key-services.ts";
import { controllerOf } from "../cluster.ts";
import { clusterIdentity } from "../cluster-identity.ts";
import type { Io } from "../io.ts";
import { UserKeyServices } from "../key-services/user-key-services.ts";
import { noticesOf } from "../notices.ts";
import { type OpeningKeys, readOpeningKeys } from "../opening-keys.ts";
import type { ClusterOptions } from "../options.ts";
import type { PlacePairs } from "../sops/user-sops-keys.ts";
import { userSopsKeys } from "../sops-sealed-secret/user-opening.ts";
import { permittedPlaces } from "./permitted-places.ts";
import type { RenderOptions } from "./render-options.ts";
import type { TreeRendering } from "./render-tree.ts";

/** What says which keys there are, and what may be opened with them. */
export type RenderingOptions = Omit<RenderOptions, "strict" | "format" | "output" | "help" | "version">;

/** What a user renders with, until it is closed. */
export type UserRendering = {
  rendering: TreeRendering;
  /** What was looked at for keys and gave none, and why. */
  passedOver: readonly string[];
  /** Ends all connections. */
  close(): Promise<void>;
};

/** What a controller's keys are called unless it was told otherwise. */
const KEY_PREFIX = "sealed-secrets-key";

/**
 * Opens with the private keys that the options name, and with the user's own rights and identities. Key services and
 * identities are not looked for before something takes them.
 * @param stdinIsInput whether manifests come from standard input, so that keys cannot.
 * @throws SealError when the options, or the keys they name, cannot be used.
 */
export async function userRendering(
  options: RenderingOptions,
  stdinIsInput: boolean,
  io: Io,
): Promise<UserRendering> {
  const places = permittedPlaces(options, io);
  // Where objects stand has nothing to do with the namespace of the kubeconfig.
  const reaching = { ...options, namespace: null };
  const keys = await keysOf(options, reaching, stdinIsInput, io);
  const keyServices = new UserKeyServices(reaching, io, noticesOf(io, { ...options, v: 0 }));
  const sopsKeys = userSopsKeys(keyServices, reaching, io);
  const unwrapperFor = (pairs: PlacePairs) => (namespace: string) => ({
    unwrap: async (...entry: Parameters<SopsUnwrapper["unwrap"]>) =>
      (await sopsKeys()).unwrapper(namespace, pairs).unwrap(...entry),
  });
  const clusterId = once(() => clusterIdentity(reaching, io));
  const rendering: TreeRendering = {
    opening: {
      keys,
      keyServices,
      sops: { unwrapperFor: unwrapperFor("compared"), clusterId },
      keyFlag: "--key",
      acceptWholeObject: true,
      allowNondeterministic: options["allow-nondeterministic-templates"],
    },
    places,
    gates: {
      ownNamespace: controllerOf(reaching).namespace,
      keyPrefix: KEY_PREFIX,
      allowedTypes: options["allowed-secret-types"],
      allowedAnnotations: options["allowed-annotations"],
    },
    knowsVault: options["vault-addr"] !== null || (io.env["VAULT_ADDR"] ?? "") !== "",
    // Nothing compares what a Secret's context says of a place: who names it must have been allowed.
    sops: { unwrapperFor: unwrapperFor("not-compared"), clusterId },
  };
  return { rendering, passedOver: keys.passedOver, close: () => keyServices.close() };
}

async function keysOf(
  options: RenderingOptions,
  reaching: ClusterOptions,
  stdinIsInput: boolean,
  io: Io,
): Promise<OpeningKeys> {
  const paths = [...options.key, ...options["recovery-private-key"]];
  const given = await readOpeningKeys(paths, io, stdinIsInput);
  if (!options["cluster-keys"]) return given;
  const { allKeys, clusterKeys } = await import("./cluster-keys.ts");
  return allKeys(given, await clusterKeys(reaching, io));
}

/** Asks at most once. */
function once(ask: () => Promise<string>): () => Promise<string> {
  let answer: Promise<string> | null = null;
  return () => {
    answer ??= ask();
    return answer;
  };
}
