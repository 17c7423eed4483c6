import { InputError, UsageError } from "../../shared/errors.ts";
import { isKeyPattern } from "../../shared/seal/key-pattern.ts";
import type { Command } from "../command.ts";
import { page } from "../help/pages/allow.ts";
import type { Io } from "../io.ts";
import {
  type AllowedKey,
  allowKey,
  disallowKey,
  isSameKey,
  readAllowedKeys,
} from "../key-services/allow-record.ts";
import { vaultPlace } from "../key-services/vault-access.ts";
import { nearestWord } from "../nearest-word.ts";
import { noticesOf } from "../notices.ts";
import { generalOptions, keyServiceOptions, type OptionTable, type OptionValues } from "../options.ts";
import { writeProduct } from "../output-file.ts";

const allowOptions = {
  remove: { kind: "switch", group: "mode", summary: "take the permission back" },
  "vault-addr": keyServiceOptions["vault-addr"],
  "vault-namespace": keyServiceOptions["vault-namespace"],
  ...generalOptions,
} as const satisfies OptionTable;

const NAMESPACE_IS_THE_FILES =
  "{namespace} is whatever a file says its namespace is: whoever writes the file chooses among all keys that * would fit there";
const KEYS = ["kms", "vault"] as const;
const CALLERS = { "kms-role": "role", "kms-profile": "profile", "kms-context": "context" } as const;
const WORDS = [...KEYS, "kms-role", "kms-profile", "kms-context", "recipients"] as const;

/** `signet allow`: says what files may name that this user lets be used: keys of key services, and whom to encrypt for. */
export const allow: Command<typeof allowOptions> = {
  name: "allow",
  summary: "allow keys of AWS KMS and Vault, and SOPS recipients",
  options: allowOptions,
  words: WORDS,
  page,
  async run({ options, positionals, io }) {
    const keys = readAllowedKeys(io);
    if (positionals.length === 0 && !options.remove) {
      const { acceptedFiles } = await import("../sops/recipient-record.ts");
      print([...keys.map(lineOf), ...acceptedFiles(io).map((path) => `recipients ${path}`)], io);
      return;
    }
    if (positionals[0] === "recipients") {
      const { allowRecipients } = await import("../sops/allow-recipients.ts");
      print(allowRecipients(positionals.slice(1), options.remove, io), io);
      return;
    }
    const key = await keyOf(positionals, options, io);
    const isThere = keys.some((known) => isSameKey(known, key));
    if (options.remove) {
      if (!isThere)
        throw new InputError(`${lineOf(key)} is not allowed as it is`, "signet allow lists what is");
      disallowKey(key, io);
    } else {
      if (!isThere) allowKey(key, io);
      if (key.pattern.includes("{namespace}"))
        noticesOf(io, { verbose: options.verbose, v: 0 }).alert(NAMESPACE_IS_THE_FILES);
    }
  },
};

async function keyOf(
  [service = "", pattern, ...more]: readonly string[],
  options: OptionValues<typeof allowOptions>,
  io: Io,
): Promise<AllowedKey> {
  const kind = KEYS.find((known) => known === service);
  if (kind === undefined) {
    const caller = WORDS.find((known) => known === service);
    if (caller !== undefined && caller in CALLERS)
      return callerOf(caller as keyof typeof CALLERS, pattern, more.length);
    const near = nearestWord(service, WORDS);
    throw new UsageError(
      service === "" ? "which key?" : `${JSON.stringify(service)} is no key service`,
      near === null ? "write kms ARN, or vault MOUNT/KEY" : `did you mean ${near}?`,
    );
  }
  if (pattern === undefined || more.length > 0) {
    throw new UsageError(
      pattern === undefined ? `which key of ${kind}?` : "one key is allowed at a time",
      `write signet allow ${kind} ${kind === "kms" ? "ARN" : "MOUNT/KEY"}; in quotes where it holds *`,
    );
  }
  if (!isKeyPattern(kind, pattern)) {
    throw new UsageError(
      `${JSON.stringify(pattern)} names no key of ${kind}`,
      kind === "kms"
        ? "write the ARN of a key or an alias; * stands for any text between separators, {namespace} for a whole part"
        : "write MOUNT/KEY; * stands for any text between slashes, {namespace} for a whole part",
    );
  }
  return kind === "kms" ? { service: kind, pattern } : { service: kind, pattern, ...vaultPlace(options, io) };
}

/** What entries of SOPS documents name beside a key. */
async function callerOf(
  service: keyof typeof CALLERS,
  text: string | undefined,
  more: number,
): Promise<AllowedKey> {
  const { CALLER_FORMS } = await import("../sops/allowed-callers.ts");
  const { fits, form } = CALLER_FORMS[CALLERS[service]];
  if (text === undefined || more > 0) {
    throw new UsageError(
      text === undefined ? `which ${CALLERS[service]}?` : "one is allowed at a time",
      `write signet allow ${service} and it; ${form}`,
    );
  }
  if (!fits(text)) throw new UsageError(`${JSON.stringify(text)} is no ${CALLERS[service]}`, form);
  return { service, pattern: text };
}

function print(lines: readonly string[], io: Io): void {
  const text = lines.map((line) => `${line}\n`).join("");
  writeProduct(text, { format: null, "sealed-secret-file": null }, io);
}

/** `vault transit/app at https://vault.example.com:8200` */
function lineOf(key: AllowedKey): string {
  if (key.service !== "vault") return `${key.service} ${key.pattern}`;
  const inside = key.namespace === "" ? "" : `, namespace ${key.namespace}`;
  return `vault ${key.pattern} at ${key.address}${inside}`;
}
