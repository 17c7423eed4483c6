import { InputError, SealError, UsageError } from "../../shared/errors.ts";
import { counted } from "../counted.ts";
import { type HistoryInventory, objectsInHistory } from "../inventory/history.ts";
import { openings, type ValueOpener } from "../inventory/openings.ts";
import type { InventoryProblem, SealedObject } from "../inventory/sealed-object.ts";
import { fingerprintNamed, isFingerprint } from "../keys/named-key.ts";
import type { AuditResult, AuditRun } from "./audit-result.ts";
import type { UnreadInSarif } from "./audit-sarif.ts";
import { type ExposedItem, exposedItems, type FoundValue } from "./exposed-items.ts";
import { exposureJson, exposureTable } from "./exposure-report.ts";
import type { KeyRing } from "./key-ring.ts";
import { allowedObjects, needless } from "./unread.ts";

/**
 * Tells of everything that was sealed under a stolen key, and what of it is changed; fails until all is, and where the
 * history was not looked at though nobody left it out.
 */
export async function auditCompromised({
  options,
  paths,
  means,
  io,
  format,
}: AuditRun): Promise<AuditResult> {
  if (paths.length === 0 && options["no-cluster"] && !options.history)
    throw new UsageError("there is nothing to look at", "give files, or leave out less");
  const allowed = allowedObjects(options["allow-unreadable"]);
  const { namespace } = options;
  const past = options.history ? await objectsInHistory(io, { namespace, allowed }) : NOTHING;
  const present = await means.present(paths).catch(hintingAtNoCluster);
  const ring = await means.ring();
  const stolen = options["key-is-lost"]
    ? lostKey(options.compromised ?? "")
    : stolenKey(options.compromised ?? "", ring, [...past.objects, ...present.objects]);
  const atHand = new Set(ring.opening.map(({ fingerprint }) => fingerprint));
  const isAtHand = atHand.has(stolen);
  const opener = means.opener(ring, true);
  const values = [
    ...(await opened(past.objects, forPast(opener, stolen, isAtHand), false)),
    ...(await opened(present.objects, opener, true)),
  ];
  const items = exposedItems(values, stolen, atHand);
  const leftOut = options.history || options["no-history"] ? [] : [WITHOUT_HISTORY];
  const problems = [...leftOut, ...past.problems, ...present.problems];
  const { passedOver } = past;
  const notes = [...past.notes, ...needless(allowed, passedOver)];
  const report = { stolen, isAtHand, items, problems, passedOver, notes };
  const unread = { problems, skips: options["skip-unreadable"], passedOver: [...passedOver, ...notes] };
  return {
    report:
      format === "sarif"
        ? await sarif(items, unread, io)
        : format === "json"
          ? exposureJson(report)
          : exposureTable(report),
    problems,
    notes: [...passedOver.map(letPass), ...notes],
    failure: failureOf(items, options["accept-removed"]) ?? (leftOut.length === 0 ? null : notWhole()),
  };
}

const NOTHING: HistoryInventory = { objects: [], problems: [], passedOver: [], notes: [] };
const WITHOUT_HISTORY = {
  where: "Git's history",
  problem: "Git's history was not looked at",
  next: "give --history, or --no-history where nothing was ever committed",
};

/** Not among what --skip-unreadable lets pass: nothing kept it from being read. */
function notWhole(): InputError {
  return new InputError(
    "what was sealed under the stolen key in Git's history is not known",
    WITHOUT_HISTORY.next,
  );
}

/** The cluster is looked at unasked: whoever has none is told how to do without. */
function hintingAtNoCluster(error: unknown): never {
  if (!(error instanceof SealError) || error instanceof UsageError) throw error;
  const hint = `${error.hint}; --no-cluster leaves the cluster out`;
  throw new InputError(error.message, hint, { cause: error });
}

/** @throws UsageError for less than the whole fingerprint. */
function lostKey(text: string): string {
  if (isFingerprint(text)) return text;
  throw new UsageError("--key-is-lost goes with a whole fingerprint", "write SHA256: and all 43 letters");
}

/** A misspelt fingerprint would find nothing. @throws UsageError, InputError when it names no key, or several. */
function stolenKey(text: string, { known }: KeyRing, objects: readonly SealedObject[]): string {
  const claims = objects.flatMap(({ values }) =>
    values.flatMap(({ claimed }) => (claimed?.startsWith("SHA256:") === true ? [claimed] : [])),
  );
  const named = fingerprintNamed(text, [...known.keys(), ...claims]);
  if (named !== null) return named;
  throw new InputError(
    `${text} is no key that is known, or that a value claims`,
    isFingerprint(text)
      ? "compare it with signet keys list; --key-is-lost takes it for a key that is gone"
      : "write the whole fingerprint; signet keys list shows it",
  );
}

/** In the past only the stolen key counts; where it is not at hand, the others tell what was not sealed under it. */
function forPast(opener: ValueOpener, stolen: string, isAtHand: boolean): ValueOpener {
  const keys = isAtHand ? opener.keys.filter(({ fingerprint }) => fingerprint === stolen) : opener.keys;
  return { ...opener, keys, keyServices: null, sops: null };
}

async function opened(
  objects: readonly SealedObject[],
  opener: ValueOpener,
  isPresent: boolean,
): Promise<FoundValue[]> {
  const outcomes = await openings(objects, opener);
  return objects.flatMap((object) =>
    object.values.flatMap((value) => {
      const outcome = outcomes.get(value);
      return outcome === undefined ? [] : [{ object, value, outcome, isPresent }];
    }),
  );
}

function letPass({ problem, ...rest }: InventoryProblem): InventoryProblem {
  return { ...rest, problem: `let pass by --allow-unreadable: ${problem}` };
}

async function sarif(
  items: readonly ExposedItem[],
  unread: UnreadInSarif,
  io: AuditRun["io"],
): Promise<string> {
  const { auditSarif } = await import("./audit-sarif.ts");
  const found = items
    .filter(({ state }) => state !== "changed")
    .flatMap(({ present, why }) =>
      present.map(({ object, value }) => ({
        object,
        item: value.item,
        rule: "exposed" as const,
        what: why,
        next: "change the credential itself, then seal it",
        fails: true,
      })),
    );
  return auditSarif(found, unread, io);
}

function failureOf(items: readonly ExposedItem[], acceptsRemoved: boolean): InputError | null {
  const open = items.filter(({ state }) => state !== "changed" && !(state === "removed" && acceptsRemoved));
  if (open.length === 0) return null;
  const count = (wanted: ExposedItem["state"]) => open.filter(({ state }) => state === wanted).length;
  const [same, gone, unknown] = [count("not changed"), count("removed"), count("not known")];
  const parts = [
    ...(same > 0 ? [`${same} not changed`] : []),
    ...(unknown > 0 ? [`${unknown} of which it is not known`] : []),
    ...(gone > 0 ? [`${gone} removed`] : []),
  ];
  const total = counted(items.length, "item");
  const hint =
    same > 0
      ? "change these credentials where they are used, then seal the new ones; sealing the old ones anew does not help"
      : unknown > 0
        ? "give the stolen key and those in use with --private-key, or --open"
        : "revoke what was removed where it was used, then give --accept-removed";
  return new InputError(`of ${total} that a thief may have read: ${parts.join(", ")}`, hint);
}
