import { InputError, UsageError } from "../../shared/errors.ts";
import { parseWrappingKey, type WrappingKey, wrappingKeyText } from "../../shared/seal/wrapping-key.ts";
import { controllerOf } from "../cluster.ts";
import { clusterIdentity, clusterToBindTo } from "../cluster-identity.ts";
import type { Io } from "../io.ts";
import { noticesOf } from "../notices.ts";
import { type KeyConnection, readableKeys, say, withKeysToWrite } from "./connected-secrets.ts";
import { heldBack, heldBackError } from "./held-back.ts";
import type { KeyAction } from "./key-action.ts";
import { isMoved, type KeyMoving, moveKey } from "./key-moving.ts";
import type { KeySecretObject } from "./key-secrets.ts";
import type { KeysOptions } from "./keys-options.ts";
import {
  acceptedFingerprints,
  requireBackup,
  requireBegun,
  requireNamed,
  requireOfThese,
  requireStillSealing,
} from "./move-consent.ts";
import { readSealingKey, type SealingKey } from "./sealing-key.ts";
import { standing } from "./standing.ts";
import { UserWrappingServices } from "./wrapping-services.ts";

const LIE_OPEN = "these private keys lie open in their Secrets now; whoever reads those has them";

/** `signet keys wrap`: has a key service wrap sealing keys. */
export const wrapKeys: KeyAction = {
  flags: ["with", "all", "dry-run", "without-backup", "accept-fingerprint", "ahead-of-controller"],
  run: (names, options, io) => move(targetOf(options), names, options, io),
};

/** `signet keys unwrap`: takes the wrapping off again. */
export const unwrapKeys: KeyAction = {
  flags: ["all", "dry-run", "ahead-of-controller"],
  run: (names, options, io) => move(null, names, options, io),
};

function targetOf({ with: text }: KeysOptions): WrappingKey {
  const key = text === null ? null : parseWrappingKey(text);
  if (key !== null) return key;
  throw new UsageError(
    text === null ? "it is not said which key is to wrap them" : "--with is no key of AWS KMS or Vault",
    "write --with kms:ARN, with the whole ARN of a key, or --with vault:MOUNT/KEY",
  );
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
  await withKeysToWrite(options, io, async (connection) => {
    const { secrets, published } = connection;
    try {
      const found = await secrets.inUse();
      const chosen = choose(found, names, namespace);
      requireOfThese(accepted, chosen);
      const open = chosen.filter((key) => !isMoved(key, to));
      for (const { name } of chosen.filter((key) => isMoved(key, to)))
        say(io, `sealing key ${name} is ${state(to)}${to === null ? ", left as it is" : " already"}`);
      if (open.length === 0) return;
      const known = await published();
      const keys = found.flatMap((secret) => readableKeys(secret, () => undefined));
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
        const moved: SealingKey[] = [];
        const told = (key: SealingKey) => {
          moved.push(key);
          tell(key);
        };
        try {
          await moveAll(going, connection, { services, clusterId, to }, told, isDry);
        } finally {
          if (!isDry) for (const text of afterwards(to, moved)) say(io, text);
        }
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
  { secrets, writes }: Pick<KeyConnection, "secrets" | "writes">,
  moving: KeyMoving,
  tell: (key: SealingKey) => void,
  isDry: boolean,
): Promise<void> {
  for (const key of keys) {
    const change = await moveKey(key, moving);
    if (moving.to === null) writes.next = `${LIE_OPEN}; run the same again`;
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
    .map((secret) => readSealingKey(secret));
}

function state(to: WrappingKey | null): string {
  return to === null ? "not wrapped" : `wrapped by ${wrappingKeyText(to)}`;
}

function afterwards(to: WrappingKey | null, moved: readonly SealingKey[]): string[] {
  if (to === null) return moved.length === 0 ? [] : [`warning: ${LIE_OPEN}`];
  if (moved.every(({ wrappedBy }) => wrappedBy !== null)) return [];
  return [
    "warning: earlier revisions in etcd, and backups of it, still hold these private keys open; make a new key, seal everything anew under it, then retire these (docs/sealing-key-wrap.md)",
  ];
}
