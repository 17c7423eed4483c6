import { kmsKeyName } from "../../shared/aws/kms-key-name.ts";
import { UsageError } from "../../shared/errors.ts";
import type { RemoteBackend } from "../../shared/seal/codec.ts";
import { parseTransitKeyName } from "../../shared/seal/key-text.ts";
import type { TransitKeyName } from "../../shared/seal/transit-api.ts";
import { readArguments } from "../arguments.ts";
import type { Io } from "../io.ts";
import { type BackendOptions, type KubesealOptions, kubesealOptions, variableOf } from "../options.ts";

/** Whose key values are sealed under. */
export type SealingBackend =
  | { backend: "cluster" }
  /** @see KmsApi for the forms of a key. */
  | { backend: "kms"; key: string }
  | { backend: "vault"; name: TransitKeyName };

/** The same, and documents of SOPS: for whom they are encrypted, other flags and files say. */
export type ChosenBackend = SealingBackend | { backend: "sops" };

type Options = BackendOptions & Pick<KubesealOptions, "cert">;
type Typed = Pick<Io, "args">;
/** Flags of the command at hand: those that say what values are sealed under, and more. */
export type BackendFlags = Pick<typeof kubesealOptions, keyof Options>;

/**
 * Whose key values are sealed under; a key implies its backend, a certificate the cluster's. What stands on the command line
 * takes back what variables say of other backends.
 * @throws UsageError when flags contradict each other, or variables where no flag says which is meant, or when a key is not
 * named as it must be.
 */
export function sealingBackend(
  options: Options,
  { args }: Typed,
  flags: BackendFlags = kubesealOptions,
): ChosenBackend {
  requireBackend(options.backend);
  const typed = typedOptions(args, flags);
  const said = backendSaid(typed, BY_FLAG) ?? backendSaid(options, BY_VARIABLE) ?? "cluster";
  const { kms, vault } = keysOf(said, options);
  if (said === "cluster" || said === "sops") return { backend: said };
  if (kms !== null) return { backend: "kms", key: kms };
  if (vault !== null) return { backend: "vault", name: vault };
  throw said === "kms"
    ? new UsageError("--backend kms needs a key", "give --kms-key with its ARN, id or alias/NAME")
    : new UsageError("--backend vault needs a key", "give --vault-key MOUNT/KEY");
}

/** The keys that the user names, whatever they are for; each null where none is named. */
export type NamedKeys = { kms: string | null; vault: TransitKeyName | null };

/**
 * The key named by flag or variable; where they say different backends, the command line counts.
 * @throws UsageError for a key that is not named as it must be, or for both.
 */
export function namedKeys(
  options: BackendOptions,
  { args }: Typed,
  flags: BackendFlags = kubesealOptions,
): NamedKeys {
  requireBackend(options.backend);
  // A certificate says nothing of values that are there already.
  const typed = { ...typedOptions(args, flags), cert: null };
  const said = backendSaid(typed, BY_FLAG) ?? backendSaid({ ...options, cert: null }, BY_VARIABLE);
  return said === null ? { kms: null, vault: null } : keysOf(said, options);
}

/** A backend that the command line itself speaks of, and the flag that does. */
export type SpokenOf = { backend: RemoteBackend | "sops"; flag: string };

/**
 * The backend that flags speak of, whatever variables say; null for the cluster and for none.
 * @throws UsageError when flags contradict each other.
 */
export function backendSpokenOf({ args }: Typed, flags: BackendFlags = kubesealOptions): SpokenOf | null {
  const typed = { ...typedOptions(args, flags), cert: null };
  const backend = backendSaid(typed, BY_FLAG);
  if (backend === null || backend === "cluster") return null;
  const [implying] = implyingFlags(typed);
  return { backend, flag: implying === undefined ? `--backend ${backend}` : `--${implying[0]}` };
}

type Backend = ChosenBackend["backend"];

function requireBackend(backend: string | null): asserts backend is Backend | null {
  if (backend === null || ["cluster", "kms", "vault", "sops"].includes(backend)) return;
  throw new UsageError(
    `invalid value ${JSON.stringify(backend)} for --backend`,
    "write --backend cluster, kms, vault or sops; SEALED_SECRETS_BACKEND sets it too",
  );
}

/** What stands on the command line alone. */
function typedOptions(args: readonly string[], flags: BackendFlags): Options {
  return readArguments(flags, args, {}).options;
}

/** How options are named in errors, and what to do when two of them contradict each other. */
type Speaking = { spelled: (flag: string) => string; hint: string };
const BY_FLAG: Speaking = { spelled: (flag) => `--${flag}`, hint: "give one of them" };
const BY_VARIABLE: Speaking = {
  spelled: variableOf,
  hint: "unset one of them, or say on the command line which is meant: --backend cluster, --kms-key or --vault-key",
};

/**
 * The one backend that some options speak of; null where they speak of none.
 * @throws UsageError when they speak of several.
 */
function backendSaid(options: Options, { spelled, hint }: Speaking): Backend | null {
  const { backend, cert } = options;
  requireBackend(backend);
  const implying = implyingFlags(options);
  const [first] = implying;
  const other = implying.find(([, implied]) => implied !== first?.[1]);
  if (first !== undefined && other !== undefined) {
    throw new UsageError(`${spelled(first[0])} and ${spelled(other[0])} exclude each other`, hint);
  }
  if (backend !== null && first !== undefined && backend !== first[1]) {
    throw new UsageError(
      `${spelled("backend")} ${backend} and ${spelled(first[0])} contradict each other`,
      hint,
    );
  }
  const said = first?.[1] ?? backend;
  if (cert === null || said === null || said === "cluster") return said ?? (cert === null ? null : "cluster");
  const named = first === undefined ? `${spelled("backend")} ${backend}` : spelled(first[0]);
  throw new UsageError(`${spelled("cert")} and ${named} exclude each other: values lie under one key`, hint);
}

/** The flags that name a key, and with it its backend. */
function implyingFlags(options: Options): [flag: string, implied: Backend][] {
  const flags: [flag: string, implied: Backend, given: boolean][] = [
    ["kms-key", "kms", options["kms-key"] !== null],
    ["vault-key", "vault", options["vault-key"] !== null],
    ["age", "sops", options.age.length > 0],
    ["kms", "sops", options.kms.length > 0],
    ["hc-vault-transit", "sops", options["hc-vault-transit"].length > 0],
  ];
  return flags.flatMap(([flag, implied, given]) => (given ? [[flag, implied]] : []));
}

function keysOf(said: Backend, options: Pick<Options, "kms-key" | "vault-key">): NamedKeys {
  const kms = said === "kms" ? options["kms-key"] : null;
  const vault = said === "vault" ? options["vault-key"] : null;
  if (kms !== null && kmsKeyName(kms) === null) {
    throw new UsageError(
      `invalid value ${JSON.stringify(kms)} for --kms-key`,
      "write the ARN of a key or an alias, alias/NAME or a key id; SEALED_SECRETS_KMS_KEY sets it too",
    );
  }
  const name = vault === null ? null : parseTransitKeyName(vault);
  if (vault !== null && name === null) {
    throw new UsageError(
      `invalid value ${JSON.stringify(vault)} for --vault-key`,
      "write MOUNT/KEY, such as transit/app; SEALED_SECRETS_VAULT_KEY sets it too",
    );
  }
  return { kms, vault: name };
}
