import { toBase64 } from "../../shared/bytes.ts";
import { InputError } from "../../shared/errors.ts";
import { LabelOrigins } from "../../shared/label-origin.node.ts";
import { type Opened, openSealedSecret, WHOLE_OBJECT } from "../../shared/open-sealed-secret.ts";
import { type OpenedSecret, openedSecret } from "../../shared/opened-secret.ts";
import type { Place } from "../../shared/scope.ts";
import type { Outcome } from "../../shared/seal/sealer.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { readSealingKeyHint } from "../../shared/sealing-key-hint.ts";
import type { TemplateWarning } from "../../shared/template/apply-templates.ts";
import { templatedItems, unfitTemplate } from "../../shared/templated-items.ts";
import { inDocument } from "../in-document.ts";
import type { UserKeyServices } from "../key-services/user-key-services.ts";
import type { OpeningKeys } from "../opening-keys.ts";
import type { SopsOpener } from "../sops-sealed-secret/user-opening.ts";
import { requirePlace } from "../values-by-backend.ts";
import { type Cause, type ItemFinding, triedFinding } from "./item-finding.ts";
import { isRemote, remoteFinding } from "./remote-finding.ts";

/** How SealedSecrets are opened on this machine. */
export type OfflineOpening = {
  keys: OpeningKeys;
  /** Opens values of key services with the user's own rights; null where nothing may be asked. */
  keyServices: UserKeyServices | null;
  /** Opens SOPS documents; not given where nothing may be asked. */
  sops?: SopsOpener;
  /** How keys are given, for hints: `--key PATH`. */
  keyFlag: string;
  /** Whether the old whole-object form is opened, too. */
  acceptWholeObject: boolean;
  /** Whether templates may call functions whose result differs at each run. */
  allowNondeterministic: boolean;
};

/** A Secret that was opened, and what its reader should be warned of. */
export type UnsealedSecret = {
  secret: OpenedSecret;
  warnings: string[];
  /** Items that it lacks, as their templates read what stands in Vault; why, in words. */
  unmade: ReadonlyMap<string, string>;
};

/** One or more items do not open. The message begins with the reference's words, which scripts search for. */
export class NotOpenedError extends InputError {
  override readonly code: string = "not-opened";
  /** Whether nothing speaks against them but that their keys are not at hand. */
  readonly wantsKey: boolean;

  constructor(message: string, hint: string, wantsKey: boolean) {
    super(message, hint);
    this.wantsKey = wantsKey;
  }
}

const WANT_OF_KEY: ReadonlySet<Cause | null> = new Set<Cause | null>([
  "no-key-given",
  "unknown-key-or-damaged",
]);

/**
 * Opens a SealedSecret with private keys at hand, and with the user's own rights where values lie under a key service.
 * @param where names it in errors.
 * @returns the Secret as the controller would make it, without an owner.
 * @throws InputError naming the items that do not open, or the templates that fail, the cause and what to do; never a
 *   value.
 * @throws KeyServiceError when a key service could not, or may not, be asked.
 */
export async function unsealOffline(
  sealedSecret: SealedSecret,
  where: string,
  opening: OfflineOpening,
): Promise<UnsealedSecret> {
  const { allowNondeterministic } = opening;
  const secret = openedSecret(sealedSecret, await openOffline(sealedSecret, where, opening));
  const left = warningOfReferences(sealedSecret).map((warning) => `${where}: ${warning}`);
  const unknown = new Set(sealedSecret.spec.vault?.map(({ key }) => key));
  const settings = { allowNondeterministic, unknown };
  const { warnings, ...made } = await rendered(sealedSecret, secret, where, settings);
  return { ...made, warnings: [...left, ...warnings] };
}

/**
 * What lies in a SealedSecret, before any template is applied.
 * @throws InputError, KeyServiceError as `unsealOffline`.
 */
export async function openOffline(
  sealedSecret: SealedSecret,
  where: string,
  { keys, keyServices, sops, keyFlag, acceptWholeObject }: Omit<OfflineOpening, "allowNondeterministic">,
): Promise<Opened> {
  if (keyServices !== null) requirePlace(sealedSecret, where);
  const context = {
    // Found out where a value is bound to it.
    clusterId: null,
    keys: keys.keys,
    acceptWholeObject,
    diagnose: true,
    giveUpAfter: Infinity,
    ...(keyServices === null ? {} : { keyServices }),
    ...(sops === undefined ? {} : { sops: sops.unwrapperFor, findClusterId: sops.clusterId }),
  };
  const opened = openSealedSecret(sealedSecret, context, new AbortController().signal);
  const opening = await inDocument(where, opened);
  if (opening.ok) return opening.opened;
  if ("problem" in opening) {
    if (opening.sops === "no-key") {
      const hint = opening.hint ?? "give one of the keys that it was sealed for";
      throw new NotOpenedError(`${where}: ${opening.problem}`, hint, true);
    }
    const isWhole = sealedSecret.spec.data !== undefined && !acceptWholeObject;
    throw new InputError(
      `${where}: ${opening.problem}`,
      isWhole
        ? "signet unseal --key opens this old form"
        : (opening.hint ??
            "signet unseal opens SOPS documents, and values of kms and vault, with your own keys and credentials; else seal it again"),
    );
  }
  throw notOpened(where, findingsOf(sealedSecret, opening.outcomes, { keys, keyFlag }));
}

/** References into Vault's KV engine hold no value: the controller reads them, with rights of its own. */
export function warningOfReferences({ spec }: SealedSecret): string[] {
  const items = (spec.vault ?? []).map(({ key }) => key);
  if (items.length === 0) return [];
  const them = items.length === 1 ? "this item is" : "these items are";
  return [`spec.vault: ${them} read from Vault by the controller, and not opened here: ${items.join(", ")}`];
}

/** The Secret with what its templates make. */
async function rendered(
  sealedSecret: SealedSecret,
  secret: OpenedSecret,
  where: string,
  settings: { allowNondeterministic: boolean; unknown: ReadonlySet<string> },
): Promise<UnsealedSecret> {
  const unfit = unfitTemplate(sealedSecret);
  if (unfit !== null) throw new InputError(`${where}: ${unfit}`, "give the template another name");
  const applied = await templatedItems(sealedSecret, secret.items, settings);
  const { items, failures } = applied;
  const [first] = failures;
  if (first === undefined) {
    const unmade = new Map(
      [...applied.unmade].map(([item, lacks]) => [
        item,
        `spec.template.data.${item} is not made here: it reads ${lacks.join(", ")}, which the controller reads from Vault`,
      ]),
    );
    const warnings = [...unmade.values(), ...(await inWords(applied.warnings))];
    return {
      secret: { ...secret, items },
      warnings: warnings.map((warning) => `${where}: ${warning}`),
      unmade,
    };
  }
  const said = failures.map(({ message }) => message).sort();
  const isRefused = failures.some(({ refused }) => refused);
  throw new InputError(
    `${where}: ${said.join("; ")}`,
    isRefused ? "signet unseal --allow-nondeterministic-templates runs them on this machine" : first.hint,
  );
}

async function inWords(warnings: readonly TemplateWarning[]): Promise<string[]> {
  if (warnings.length === 0) return [];
  const { warningInWords } = await import("../../shared/template/apply-templates.ts");
  return warnings.map(warningInWords);
}

/**
 * What came of each value that was tried, in words.
 * @param candidates places that a value may have been sealed for.
 * @param file the file that the SealedSecret is in, for what to do next.
 */
export function findingsOf(
  { metadata, spec }: SealedSecret,
  outcomes: ReadonlyMap<string, Outcome>,
  { keys, keyFlag }: Pick<OfflineOpening, "keys" | "keyFlag">,
  candidates: Iterable<Place> = [],
  file: string | null = null,
): ItemFinding[] {
  const place = { namespace: metadata.namespace ?? "", name: metadata.name };
  const origins = new LabelOrigins(place, candidates);
  const hint = readSealingKeyHint(metadata.annotations, outcomes.keys());
  return [...outcomes].map(([item, outcome]) => {
    const value =
      (spec.data !== undefined && item === WHOLE_OBJECT ? spec.data : spec.encryptedData[item]) ?? "";
    if (isRemote(value)) return remoteFinding(item, value, outcome);
    return triedFinding(item, value, outcome, {
      place,
      keys,
      origins,
      claimed: hint.get(item),
      keyFlag,
      file,
    });
  });
}

/** Says which items do not open, as kubeseal does: those of the same failure together, sorted; then why. */
export function notOpened(where: string, findings: readonly ItemFinding[]): NotOpenedError {
  const unopened = findings.filter(({ state }) => state === "does not open");
  const said = Map.groupBy(unopened, ({ cause, why }) =>
    cause === "not-base64" && why !== null ? why : "no key could decrypt secret",
  );
  const groups = [...said].sort().map(([words, group]) => `${words} (${itemsOf(group)})${causesOf(group)}`);
  const hints = new Set(unopened.map(({ fix }) => fix).filter((fix) => fix !== null));
  const [first = "seal the values again"] = hints;
  const hint = hints.size > 1 ? `${first}; signet explain tells it item by item` : first;
  const wantsKey = unopened.every(({ cause }) => WANT_OF_KEY.has(cause));
  return new NotOpenedError(`${where}: ${groups.join("; ")}`, hint, wantsKey);
}

function itemsOf(findings: readonly ItemFinding[]): string {
  return findings
    .map(({ item }) => item)
    .sort()
    .join(", ");
}

function causesOf(findings: readonly ItemFinding[]): string {
  if (findings.every(({ cause }) => cause === "not-base64")) return "";
  const causes = [...Map.groupBy(findings, ({ why }) => why ?? "not tried")].sort();
  if (causes.length === 1) return `: ${causes[0]?.[0]}`;
  return `: ${causes.map(([why, group]) => `${itemsOf(group)}: ${why}`).join("; ")}`;
}

/** A plain Secret as a manifest, its fields in the order in which kubeseal writes them. */
export function secretManifest(secret: OpenedSecret): object {
  const { namespace, name, labels, annotations, immutable, items, type } = secret;
  const data = Object.fromEntries([...items].map(([item, plaintext]) => [item, toBase64(plaintext)]));
  return {
    kind: "Secret",
    apiVersion: "v1",
    metadata: {
      name,
      ...(namespace === "" ? {} : { namespace }),
      ...(isEmpty(labels) ? {} : { labels }),
      ...(isEmpty(annotations) ? {} : { annotations }),
    },
    ...(immutable === null ? {} : { immutable }),
    ...(isEmpty(data) ? {} : { data }),
    ...(type === null ? {} : { type }),
  };
}

function isEmpty(map: object): boolean {
  return Object.keys(map).length === 0;
}
