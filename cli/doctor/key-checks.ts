import type { KubeClient } from "../../shared/kube/client.ts";
import { BACK_UP_COMMANDS } from "../keys/back-up-commands.ts";
import { readableKeys } from "../keys/connected-secrets.ts";
import { KeySecrets } from "../keys/key-secrets.ts";
import { loadableKeys } from "../keys/model-key.ts";
import { publishedKeys } from "../keys/published-keys.ts";
import type { SealingKey } from "../keys/sealing-key.ts";
import { listed } from "../listed.ts";
import { type Check, type Looking, ok, unlessForbidden, wanting } from "./check.ts";
import type { PublishedOptions } from "./published-options.ts";
import { checkRenewal } from "./renewal-checks.ts";

const ABOUT = "keys";

/** Looks at the sealing keys: that they can be read, which one seals, that they are renewed, backed up and wrapped as is said. */
export function checkKeys({ client, search, now }: Looking, published: PublishedOptions): Promise<Check[]> {
  const { namespace, timeoutMs } = search;
  const kube = client as KubeClient;
  return unlessForbidden(ABOUT, `list Secrets in ${namespace}`, async () => {
    const { settings, sealing } = await publishedKeys(kube, namespace, timeoutMs);
    const checks: Check[] = [];
    const secrets = await new KeySecrets(kube, namespace, timeoutMs).inUse();
    const tell = (found: string, next: string) => checks.push(wanting("fail", ABOUT, found, next));
    const keys = secrets.flatMap((secret) => readableKeys(secret, tell, { toWrite: false }));
    if (keys.length === 0) {
      const next = "see that the controller runs: it makes one; or restore a backup: signet keys restore";
      return [...checks, wanting("fail", ABOUT, `no sealing key is in use in ${namespace}`, next)];
    }
    const seals = typeof sealing === "string" ? null : sealing.fingerprint;
    const isThere = keys.some(({ certificate }) => certificate.fingerprint === seals);
    if (seals === null) {
      const next = "see that the controller runs, and may write its ConfigMap";
      checks.push({ level: "unknown", about: ABOUT, found: `not known which one seals: ${sealing}`, next });
    } else if (!isThere) {
      const found = `the controller seals with ${seals}, of which there is no Secret: it is lost at its next start`;
      checks.push(wanting("fail", ABOUT, found, "restore it from a backup: signet keys restore"));
    } else checks.push(ok(ABOUT, `${keys.length} in use; ${seals} seals`));
    const isRequired = typeof settings === "string" || settings.requireBackup;
    // Whoever creates Secrets can write any certificate there, with nothing behind it.
    checks.push(...checkRenewal(await loadableKeys(keys, now), published, now));
    checks.push(...checkBackups(keys, seals, isRequired));
    const wrap = typeof settings === "string" ? null : settings.wrap;
    const open = keys.filter(({ wrappedBy }) => wrappedBy === null);
    if (wrap !== null && open.length > 0) {
      const found = `new keys are wrapped, and ${named(open)} lie open in their Secrets`;
      checks.push(wanting("warn", "wrapping", found, `signet keys wrap --all --with ${wrap}`));
    }
    return checks;
  });
}

function checkBackups(keys: readonly SealingKey[], seals: string | null, isRequired: boolean): Check[] {
  const about = "backups";
  const missing = keys.filter(({ backup }) => backup === null);
  const waiting = keys.filter(({ awaitsBackup }) => isRequired && awaitsBackup);
  const next = `${BACK_UP_COMMANDS}; keep the file outside of the cluster`;
  if (missing.length === 0) return [ok(about, "every key in use has a confirmed one")];
  const isSealing = missing.some(({ certificate }) => certificate.fingerprint === seals);
  const one = isSealing ? ", the one that seals among them" : "";
  const found = `none is confirmed of ${named(missing)}${one}: what is sealed under a lost key is lost`;
  const held = `${named(waiting)} will not seal until a backup is confirmed`;
  return [
    wanting("warn", about, found, next),
    ...(waiting.length === 0 ? [] : [wanting("warn", about, held, next)]),
  ];
}

function named(keys: readonly SealingKey[]): string {
  return listed(keys.map(({ name }) => name));
}
