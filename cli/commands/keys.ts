import { InputError, UsageError } from "../../shared/errors.ts";
import { parseWrappingKey, type WrappingKey, wrappingKeyText } from "../../shared/seal/wrapping-key.ts";
import { connect, controllerOf, requestTimeoutMs } from "../cluster.ts";
import { clusterIdentity, clusterToBindTo } from "../cluster-identity.ts";
import type { Command } from "../command.ts";
import { page } from "../help/pages/keys.ts";
import type { Io } from "../io.ts";
import { heldBack, heldBackError } from "../keys/held-back.ts";
import { isMoved, type KeyMoving, moveKey } from "../keys/key-moving.ts";
import { type KeySecretObject, KeySecrets } from "../keys/key-secrets.ts";
import { keyRows, keyTable } from "../keys/key-table.ts";
import { type KeysOptions, keysOptions } from "../keys/keys-options.ts";
import {
  acceptedFingerprints,
  requireBackup,
  requireBegun,
  requireNamed,
  requireOfThese,
  requireStillSealing,
} from "../keys/move-consent.ts";
import { type PublishedKeys, publishedKeys } from "../keys/published-keys.ts";
import { readSealingKey, type SealingKey } from "../keys/sealing-key.ts";
import { standing } from "../keys/standing.ts";
import { UserWrappingServices } from "../keys/wrapping-services.ts";
import { noticesOf } from "../notices.ts";
import { writeProduct } from "../output-file.ts";
import { shownText } from "../shown-text.ts";

/** `signet keys`: the sealing keys of a cluster, and what wraps them. */
export const keys: Command<typeof keysOptions> = {
  name: "keys",
  summary: "list, wrap and unwrap a cluster's sealing keys",
  options: keysOptions,
  words: ["list", "wrap", "unwrap"],
  page,
  async run({ options, positionals, io }) {
    const [action, ...names] = positionals;
    if (action === "list" && names.length === 0) return list(options, io);
    if (action === "wrap") return move(targetOf(options), names, options, io);
    if (action === "unwrap" && options.with === null && options["accept-fingerprint"].length === 0)
      return move(null, names, options, io);
    throw usageOf(action);
  },
};

function usageOf(action: string | undefined): UsageError {
  if (action === "list") return new UsageError("keys list takes no names", "it lists all of them");
  if (action === "unwrap")
    return new UsageError("--with and --accept-fingerprint go with keys wrap", "leave them out");
  return new UsageError(
    action === undefined ? "it is not said what to do with the keys" : "keys knows list, wrap and unwrap",
    "write signet keys list, signet keys wrap or signet keys unwrap",
  );
}

function targetOf({ with: text }: KeysOptions): WrappingKey {
  const key = text === null ? null : parseWrappingKey(text);
  if (key !== null) return key;
  throw new UsageError(
    text === null ? "it is not said which key is to wrap them" : "--with is no key of AWS KMS or Vault",
    "write --with kms:ARN, with the whole ARN of a key, or --with vault:MOUNT/KEY",
  );
}

async function list(options: KeysOptions, io: Io): Promise<void> {
  const format = (options.format ?? "table").toLowerCase();
  if (format !== "table" && format !== "json")
    throw new UsageError(`unsupported output format: ${options.format}`, "write -o table or -o json");
  await withSecrets(options, io, async (secrets) => {
    const warn = (problem: string) => say(io, `warning: ${problem}`);
    const rows = keyRows((await secrets.inUse()).flatMap((secret) => readable(secret, warn)));
    const text = format === "json" ? `${JSON.stringify({ keys: rows }, null, 2)}\n` : keyTable(rows);
    writeProduct(text, { format: null, "sealed-secret-file": null }, io);
  });
}

/** One that no controller takes either is told of, and passed over. */
function readable(secret: KeySecretObject, tell: (problem: string) => void): SealingKey[] {
  try {
    return [readSealingKey(secret)];
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    tell(error.message);
    return [];
  }
}

/** Wraps keys by another one, or unwraps them where that is null; one after the other. */
async function move(
  to: WrappingKey | null,
  names: readonly string[],
  options: KeysOptions,
  io: Io,
): Promise<void> {
  const doing = to === null ? "unwrap" : "wrap";
  if (names.length === 0 && !options.all)
    throw new UsageError(`it is not said which keys to ${doing}`, "name their Secrets, or give --all");
  if (names.length > 0 && options.all)
    throw new UsageError("--all and names exclude each other", "give one of them");
  const accepted = acceptedFingerprints(options["accept-fingerprint"]);
  if (accepted.size > 0 && options.all)
    throw new UsageError("--accept-fingerprint goes with names", "name the Secrets of these keys");
  const services = new UserWrappingServices(options, io, noticesOf(io, { ...options, v: 0 }));
  const { namespace } = controllerOf(options);
  await withSecrets(options, io, async (secrets, published) => {
    try {
      const found = await secrets.inUse();
      const chosen = choose(found, names, namespace);
      requireOfThese(accepted, chosen);
      const open = chosen.filter((key) => !isMoved(key, to));
      for (const { name } of chosen.filter((key) => isMoved(key, to)))
        say(io, `sealing key ${name} is ${state(to)}${to === null ? ", left as it is" : " already"}`);
      if (open.length === 0) return;
      const known = await published();
      const keys = found.flatMap((secret) => readable(secret, () => undefined));
      requireBegun(open, io.now());
      if (to !== null && !options["ahead-of-controller"]) requireNamed(to, known);
      const note =
        to !== null || options["ahead-of-controller"] ? null : requireStillSealing(open, keys, known);
      if (note !== null) say(io, note);
      const than = standing(known, keys, io.now());
      const held = to === null ? new Map<SealingKey, string>() : heldBack(open, than, accepted);
      const going = open.filter((key) => !held.has(key));
      const isDry = options["dry-run"];
      if (to !== null && !options["without-backup"]) requireBackup(going);
      if (going.length > 0) {
        const clusterId = await (to === null ? clusterIdentity : clusterToBindTo)(options, io);
        const tell = ({ name, certificate: { fingerprint } }: SealingKey) => {
          say(io, `sealing key ${name} ${isDry ? "would be" : "is"} ${state(to)}`);
          if (accepted.has(fingerprint)) say(io, `note: sealing key ${name} may seal from then on`);
        };
        await moveAll(going, secrets, { services, clusterId, to }, tell, isDry);
        if (!isDry) for (const text of afterwards(to, going)) say(io, text);
      }
      for (const [{ name, certificate }, why] of held) {
        const left = isDry ? "would be left" : "is left";
        say(io, `sealing key ${name} (${certificate.fingerprint}) ${left} as it is: ${why}`);
      }
      if (held.size > 0) throw heldBackError(held);
    } finally {
      await services.close();
    }
  });
}

/** Moves keys one after the other; in a dry run all but the writing. */
async function moveAll(
  keys: readonly SealingKey[],
  secrets: KeySecrets,
  moving: KeyMoving,
  tell: (key: SealingKey) => void,
  isDry: boolean,
): Promise<void> {
  for (const key of keys) {
    const change = await moveKey(key, moving);
    try {
      if (!isDry) await secrets.write(key.secret, change);
    } finally {
      change.keyText.fill(0);
    }
    tell(key);
  }
}

function choose(
  found: readonly KeySecretObject[],
  names: readonly string[],
  namespace: string,
): SealingKey[] {
  const missing = names.find((name) => !found.some(({ metadata }) => metadata.name === name));
  if (missing !== undefined || found.length === 0) {
    const what = missing === undefined ? "no sealing key" : `no sealing key ${JSON.stringify(missing)}`;
    throw new InputError(
      `there is ${what} in use in the namespace ${namespace}`,
      "see signet keys list; --controller-namespace names the controller's",
    );
  }
  const wanted = new Set(names);
  // All are judged before the first is touched.
  return found
    .filter(({ metadata }) => wanted.size === 0 || wanted.has(metadata.name ?? ""))
    .map(readSealingKey);
}

function state(to: WrappingKey | null): string {
  return to === null ? "not wrapped" : `wrapped by ${wrappingKeyText(to)}`;
}

function afterwards(to: WrappingKey | null, moved: readonly SealingKey[]): string[] {
  if (to === null)
    return ["warning: these private keys lie open in their Secrets now; whoever reads those has them"];
  if (moved.every(({ wrappedBy }) => wrappedBy !== null)) return [];
  return [
    "warning: earlier revisions in etcd, and backups of it, still hold these private keys open; make a new key, seal everything anew under it, then retire these (docs/sealing-key-wrap.md)",
  ];
}

async function withSecrets(
  options: KeysOptions,
  io: Io,
  work: (secrets: KeySecrets, published: () => Promise<PublishedKeys>) => Promise<void>,
): Promise<void> {
  const timeoutMs = requestTimeoutMs(options["request-timeout"]);
  const client = await connect(options, io);
  try {
    const { namespace } = controllerOf(options);
    const published = () => publishedKeys(client, namespace, timeoutMs);
    await work(new KeySecrets(client, namespace, timeoutMs), published);
  } finally {
    await client.close();
  }
}

function say(io: Io, text: string): void {
  io.stderr.write(`${shownText(text)}\n`);
}
