import { fromUtf8 } from "../../shared/bytes.ts";
import { InputError, UsageError } from "../../shared/errors.ts";
import { fileFailure } from "../file-failure.ts";
import type { Io } from "../io.ts";
import type { KeyServiceOptions } from "../options.ts";
import type { VaultAccess, VaultPlace } from "./connector.ts";

type PlaceOptions = Pick<KeyServiceOptions, "vault-addr" | "vault-namespace">;

/**
 * Which Vault the flags and Vault's own variables name.
 * @throws UsageError when none is named, or not as it must be.
 */
export function vaultPlace(options: PlaceOptions, { env }: Pick<Io, "env">): VaultPlace {
  const skip = env["VAULT_SKIP_VERIFY"] ?? "";
  if (!/^(?:|0|f|false)$/i.test(skip)) {
    throw new UsageError(
      "VAULT_SKIP_VERIFY is set, and Vault is not asked without a look at its certificate",
      "unset it, and give --vault-ca-cert FILE with the certificates that Vault's is signed by",
    );
  }
  const [given, from] = [
    options["vault-addr"],
    options["vault-addr"] === null ? "VAULT_ADDR" : "--vault-addr",
  ];
  const text = given ?? (env["VAULT_ADDR"] || null);
  if (text === null) {
    throw new UsageError(
      "the address of Vault is not given",
      "give --vault-addr https://HOST:PORT, or set VAULT_ADDR",
    );
  }
  const address = addressOf(text);
  if (address === null) {
    throw new UsageError(`${from} is no address of a server`, "write https://HOST or https://HOST:PORT");
  }
  const namespace = (options["vault-namespace"] ?? env["VAULT_NAMESPACE"] ?? "").replace(/^\/+|\/+$/g, "");
  if (!/^(?:[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+)*)?$/.test(namespace)) {
    throw new UsageError(
      `${options["vault-namespace"] === null ? "VAULT_NAMESPACE" : "--vault-namespace"} is no namespace of Vault`,
      "write names of letters, digits, '_', '.' and '-', with slashes between them",
    );
  }
  return { address, namespace };
}

/** The address as it is compared; null for what is more, or less, than scheme, host and port. */
function addressOf(text: string): string | null {
  if (!/^https?:\/\/[^/?#@\s]+\/?$/i.test(text) || !URL.canParse(text)) return null;
  return new URL(text).origin;
}

/**
 * How that Vault is reached: the token of the file that is named, else of VAULT_TOKEN, else the one that `vault login`
 * left in the home folder.
 * @throws UsageError for variables that say whom to trust in a way that is not heeded; FileError when a file that is named cannot be read; InputError when there is no token.
 */
export function vaultAccess(place: VaultPlace, options: KeyServiceOptions, io: Io): VaultAccess {
  requireKnownTrust(options, io);
  const caFile = options["vault-ca-cert"] ?? (io.env["VAULT_CACERT"] || null);
  return { ...place, ca: caFile === null ? null : certificatesOf(caFile, io), token: tokenOf(options, io) };
}

/** What Vault's own tools take for the certificates to trust, and what they take for its name. */
const NOT_HEEDED = [
  { name: "VAULT_CACERT_BYTES", over: ["vault-ca-cert"], instead: "give --vault-ca-cert FILE" },
  { name: "VAULT_CAPATH", over: ["vault-ca-cert", "VAULT_CACERT"], instead: "give --vault-ca-cert FILE" },
  {
    name: "VAULT_TLS_SERVER_NAME",
    over: [],
    instead: "write the address with a name of Vault's certificate",
  },
];

/** To pass such a variable over would be to trust others than its user means. */
function requireKnownTrust(options: KeyServiceOptions, { env }: Pick<Io, "env">): void {
  const isGiven = (source: string) => (source === "vault-ca-cert" ? options[source] : env[source]) || false;
  const unheeded = NOT_HEEDED.find(({ name, over }) => isGiven(name) && !over.some(isGiven));
  if (unheeded === undefined) return;
  throw new UsageError(
    `${unheeded.name} is set, and signet does not go by it`,
    `unset it, and ${unheeded.instead}`,
  );
}

function certificatesOf(path: string, io: Io): string {
  const text = fromUtf8(readNamed(path, "the certificates of Vault", io));
  if (text?.includes("-----BEGIN CERTIFICATE-----") === true) return text;
  throw new InputError(`${path} holds no certificate in PEM form`, "give the CA of Vault's certificate");
}

function tokenOf(options: KeyServiceOptions, io: Io): string {
  const file = options["vault-token-file"];
  if (file !== null) return token(readNamed(file, "the token for Vault", io), file);
  const { env } = io;
  if (env["VAULT_TOKEN"]) return token(new TextEncoder().encode(env["VAULT_TOKEN"]), "VAULT_TOKEN");
  const home = env["HOME"] || env["USERPROFILE"];
  const left = home ? `${home.replaceAll("\\", "/")}/.vault-token` : null;
  if (left !== null && io.files.kindOf(left) === "file") {
    return token(readNamed(left, "the token for Vault", io), left);
  }
  throw new InputError(
    "there is no token for Vault",
    "log in with vault login, or set VAULT_TOKEN, or give --vault-token-file FILE",
  );
}

/** @param source names where it comes from; the text itself is never told. */
function token(bytes: Uint8Array, source: string): string {
  const text = (fromUtf8(bytes) ?? "").trim();
  if (/^[!-~]+$/.test(text)) return text;
  throw new InputError(`${source} holds no token for Vault`, "log in again with vault login");
}

function readNamed(path: string, what: string, { files }: Io): Uint8Array {
  try {
    return files.read(path);
  } catch (error) {
    throw fileFailure(
      `cannot read ${path}, which is to hold ${what}`,
      "give an existing, readable file",
      error,
    );
  }
}
