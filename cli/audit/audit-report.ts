import { WRAPPED } from "../../shared/sealing-key-secret.ts";
import { ageInWords } from "../age-in-words.ts";
import type { InventoryProblem } from "../inventory/sealed-object.ts";
import { jsonText } from "../json-text.ts";
import { inColumns, shortKey } from "./columns.ts";
import type { DuplicateGroup } from "./duplicates.ts";
import { objectName, placeOf } from "./item-name.ts";
import { type AuditedValue, type AuditFinding, daysOf } from "./judge-values.ts";
import type { KeyDependents } from "./key-dependents.ts";

/** What an audit tells. */
export type AuditReport = {
  values: readonly AuditedValue[];
  keys: readonly KeyDependents[];
  duplicates: readonly DuplicateGroup[];
  /** The cluster that values of key services and SOPS documents are bound to which were opened; null where none was. */
  clusterId: string | null;
  problems: readonly InventoryProblem[];
};

/** For people: values, keys, then what was found with the next step. */
export function auditTable(report: AuditReport): string {
  const { values, keys, clusterId } = report;
  const bound =
    clusterId === null
      ? ""
      : inColumns([[`opened outside of the cluster's keys: bound to the cluster ${clusterId}`]]);
  const parts = [valueTable(values), keyTable(keys), bound, findingLines(values)];
  return parts.filter((part) => part !== "").join("\n");
}

function valueTable(values: readonly AuditedValue[]): string {
  if (values.length === 0) return "no sealed values\n";
  return inColumns([
    ["OBJECT", "ITEM", "KEY", "PROOF", "AGE", "SCOPE", "BACKEND", "WHERE"],
    ...values.map(({ object, value, key, proof, ageMs }) => [
      objectName(object),
      value.item,
      key === null ? "-" : shortKey(key),
      proof === "none" ? "-" : proof,
      ageMs === null ? "-" : ageInWords(ageMs),
      object.scope,
      value.backend,
      placeOf(object),
    ]),
  ]);
}

function keyTable(keys: readonly KeyDependents[]): string {
  if (keys.length === 0) return "";
  return inColumns([
    ["KEY", "AGE", "STATE", "OPENS", "CLAIMED", "OBJECTS", "FROM"],
    ...keys.map(({ key, known, ageMs, opened, claimed, objects }) => [
      key,
      ageMs === null ? "-" : ageInWords(ageMs),
      stateOf(known),
      `${opened}`,
      `${claimed}`,
      `${objects.length}`,
      known?.source ?? "-",
    ]),
  ]);
}

function stateOf(known: KeyDependents["known"]): string {
  if (known === null) return "not known";
  if (known.standing === "taken out") return known.label ?? "taken out";
  return known.label === WRAPPED ? "in use, wrapped" : known.standing;
}

/** What stands in a column of its own already, and is no reason to fail. */
function isShown({ rule, fails }: AuditFinding): boolean {
  return !fails && (rule === "claimed" || rule === "scope");
}

/** Findings of an object that say the same of several items come together. */
function findingLines(values: readonly AuditedValue[]): string {
  const lines = values.flatMap(({ object, value, findings }) =>
    findings
      .filter((finding) => !isShown(finding))
      .map(({ rule, what, next, fails }) => ({
        head: `${placeOf(object)}: ${fails ? "" : "note: "}${objectName(object)}`,
        item: value.item,
        tail: `${what} [${rule}]`,
        next,
      })),
  );
  const groups = Map.groupBy(lines, ({ head, tail, next }) => JSON.stringify([head, tail, next]));
  return [...groups.values()]
    .map((group) => {
      const [first] = group;
      const items = group.map(({ item }) => item).join(", ");
      return inColumns([[`${first?.head} ${items}: ${first?.tail}`], [`    ${first?.next}`]]);
    })
    .join("");
}

/** The same for programs. */
export function auditJson({ values, keys, duplicates, clusterId, problems }: AuditReport): string {
  const report = {
    values: values.map(({ object, value, outcome, key, proof, ageMs, findings }) => ({
      origin: object.origin,
      namespace: object.sealedSecret.metadata.namespace ?? null,
      name: object.sealedSecret.metadata.name,
      item: value.item,
      backend: value.backend,
      scope: object.scope,
      key,
      proof,
      keyAgeDays: ageMs === null ? null : daysOf(ageMs),
      outcome: outcome.kind,
      findings,
    })),
    keys: keys.map(({ key, known, ageMs, opened, claimed, objects }) => ({
      key,
      source: known?.source ?? null,
      state: stateOf(known),
      notBefore: known?.notBefore?.toISOString() ?? null,
      ageDays: ageMs === null ? null : daysOf(ageMs),
      opened,
      claimed,
      objects,
    })),
    duplicates,
    clusterId,
    problems,
  };
  return jsonText(report);
}
