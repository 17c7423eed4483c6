import { InputError, UsageError } from "../../shared/errors.ts";
import { parseWrappingKey, type WrappingKey, wrappingKeyText } from "../../shared/seal/wrapping-key.ts";
import { connect, controllerOf, requestTimeoutMs } from "../cluster.ts";
import { clusterIdentity, clusterToBindTo } from "../cluster-identity.ts";
import type { Command } from "../command.ts";
import { page } from "../help/pages/keys.ts";
import type { Io } from "../io.ts";
import { isMoved, type KeyMoving, moveKey } from "../keys/key-moving.ts";
import { type KeySecretObject, KeySecrets } from "../keys/key-secrets.ts";
import { keyRows, keyTable } from "../keys/key-table.ts";
import { type KeysOptions, keysOptions } from "../keys/keys-options.ts";
import { readSealingKey, type SealingKey } from "../keys/sealing-key.ts";
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
    if (action === "unwrap" && options.with === null) return move(null, names, options, io);
    throw usageOf(action);
  },
};

function usageOf(action: string | undefined): UsageError {
  if (action === "list") return new UsageError("keys list takes no names", "it lists all of them");
  if (action === "unwrap") return new UsageError("--with goes with keys wrap", "leave --with out");
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
    const rows = keyRows((await secrets.inUse()).flatMap((secret) => readable(secret, io)));
    const text = format === "json" ? `${JSON.stringify({ keys: rows }, null, 2)}\n` : keyTable(rows);
    writeProduct(text, { format: null, "sealed-secret-file": null }, io);
  });
}

/** One that no controller takes either is told of, and passed over. */
function readable(secret: KeySecretObject, io: Io): SealingKey[] {
  try {
    return [readSealingKey(secret)];
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    say(io, `warning: ${error.message}`);
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
  const services = new UserWrappingServices(options, io, noticesOf(io, { ...options, v: 0 }));
  await withSecrets(options, io, async (secrets) => {
    try {
      const chosen = await choose(secrets, names, controllerOf(options).namespace);
      const open = chosen.filter((key) => !isMoved(key, to));
      for (const { name } of chosen.filter((key) => isMoved(key, to)))
        say(io, `sealing key ${name} is ${state(to)} already`);
      if (open.length === 0) return;
      requireBegun(open, io.now());
      if (to !== null && !options["without-backup"]) requireBackup(open);
      const clusterId = await (to === null ? clusterIdentity : clusterToBindTo)(options, io);
      const moving: KeyMoving = { services, clusterId, to };
      for (const key of open) {
        const change = await moveKey(key, moving);
        try {
          if (!options["dry-run"]) await secrets.write(key.secret, change);
        } finally {
          change.keyText.fill(0);
        }
        say(io, `sealing key ${key.name} ${options["dry-run"] ? "would be" : "is"} ${state(to)}`);
      }
      if (!options["dry-run"]) for (const text of afterwards(to, open)) say(io, text);
    } finally {
      await services.close();
    }
  });
}

async function choose(
  secrets: KeySecrets,
  names: readonly string[],
  namespace: string,
): Promise<SealingKey[]> {
  const found = await secrets.inUse();
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

function requireBegun(keys: readonly SealingKey[], now: Date): void {
  const early = keys.find(({ certificate }) => !(certificate.notBefore.getTime() <= now.getTime() + 300_000));
  if (early === undefined) return;
  throw new InputError(
    `Secret ${early.namespace}/${early.name} is no sealing key to use: its certificate is not valid yet`,
    "controllers refuse it until then; check the clocks",
  );
}

/** A wrapped key that lies nowhere else is lost with the key that wraps it. */
function requireBackup(keys: readonly SealingKey[]): void {
  const without = keys.filter(({ backup }) => backup === null).map(({ name }) => name);
  if (without.length === 0) return;
  throw new InputError(
    `of ${without.join(", ")} no backup is confirmed: with the wrapping key, all that was sealed would be lost`,
    "copy the keys to where that key is not needed and annotate their Secrets signet.dev/backup-confirmed, or give --without-backup",
  );
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
  work: (secrets: KeySecrets) => Promise<void>,
): Promise<void> {
  const timeoutMs = requestTimeoutMs(options["request-timeout"]);
  const client = await connect(options, io);
  try {
    await work(new KeySecrets(client, controllerOf(options).namespace, timeoutMs));
  } finally {
    await client.close();
  }
}

function say(io: Io, text: string): void {
  io.stderr.write(`${shownText(text)}\n`);
}
