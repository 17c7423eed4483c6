import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { loadAll } from "js-yaml";
import { type DifferentialCase, type Expected, type Ours, SAME_OBJECTS } from "./differential-case.ts";
import { type Aspect, type DifferenceId, intendedDifferences } from "./intended-differences.ts";
import type { NormalOutcome } from "./normal-outcome.ts";

/** What a case says of ours in one place where it differs, and why. */
type Declared = { id: DifferenceId; aspect: Aspect; expected: unknown };

/**
 * Compares two outcomes of a case: alike wherever no difference is declared, as declared and different where one is.
 * @throws AssertionError naming every place that is neither.
 */
export function assertAlike(
  differentialCase: DifferentialCase,
  ours: NormalOutcome,
  theirs: NormalOutcome,
): void {
  const declared = declaredPlaces(differentialCase);
  const problems: string[] = [];
  if (theirs.code !== (differentialCase.exit ?? 0)) problems.push(`kubeseal ended with ${theirs.code}`);
  const names = new Set([...ours.files.keys(), ...theirs.files.keys()]);
  const places: [string, unknown, unknown][] = [
    ["code", ours.code, theirs.code],
    ["stdout", ours.stdout, theirs.stdout],
    ["error", ours.error !== null, theirs.error !== null],
    ["notices", ours.notices, theirs.notices],
    ...[...names].map((name): [string, unknown, unknown] => [
      `file ${name}`,
      ours.files.get(name)?.content ?? null,
      theirs.files.get(name)?.content ?? null,
    ]),
    ...[...names].flatMap((name): [string, unknown, unknown][] => {
      const [our, their] = [ours.files.get(name), theirs.files.get(name)];
      return our === undefined || their === undefined ? [] : [[`mode ${name}`, our.mode, their.mode]];
    }),
  ];
  for (const [place, our, their] of places) {
    const { id, expected } = declared.get(place) ?? {};
    if (id === undefined) {
      if (our !== their) problems.push(`${place} differs:\n${shown(our)}\n--- kubeseal:\n${shown(their)}`);
    } else if (our === their) problems.push(`${place}: the difference ${id} no longer shows: ${shown(our)}`);
    else if (!fits(our, expected, their))
      problems.push(`${place} is not what ${id} says:\n${shown(our)}\n--- kubeseal:\n${shown(their)}`);
    declared.delete(place);
  }
  problems.push(...wordProblems(differentialCase, ours, theirs, declared.get("says")));
  declared.delete("says");
  for (const [place, { id }] of declared) problems.push(`${id} is declared for ${place}, which neither has`);
  assert.ok(
    problems.length === 0,
    `${problems.join("\n\n")}\n\nours said: ${ours.error}\nkubeseal said: ${theirs.error}`,
  );
}

function declaredPlaces({ differs = {} }: DifferentialCase): Map<string, Declared> {
  const places = new Map<string, Declared>();
  for (const [id, ours] of Object.entries(differs) as [DifferenceId, Ours][]) {
    for (const [aspect, expected] of Object.entries(ours) as [Aspect, unknown][]) {
      const allowed: readonly Aspect[] = intendedDifferences[id].where;
      assert.ok(allowed.includes(aspect), `${id} says nothing of ${aspect}`);
      if (aspect === "files" || aspect === "modes") {
        for (const [name, each] of Object.entries(expected as Record<string, unknown>)) {
          places.set(`${aspect === "files" ? "file" : "mode"} ${name}`, { id, aspect, expected: each });
        }
      } else places.set(aspect, { id, aspect, expected });
    }
  }
  return places;
}

function fits(our: unknown, expected: unknown, their: unknown): boolean {
  if (expected === SAME_OBJECTS) return isDeepStrictEqual(objectsOf(our), objectsOf(their));
  if (typeof our === "string" && (expected instanceof RegExp || Array.isArray(expected))) {
    return [expected].flat().every((pattern: RegExp) => pattern.test(our));
  }
  return our === expected;
}

function objectsOf(text: unknown): unknown {
  return withoutEmpty(loadAll(String(text)));
}

/** A map without entries says nothing. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, withoutEmpty(inner)] as const);
  const isEmpty = (inner: unknown) =>
    typeof inner === "object" && inner !== null && Object.keys(inner).length === 0;
  return Object.fromEntries(entries.filter(([, inner]) => !isEmpty(inner)));
}

function wordProblems(
  { says, name }: DifferentialCase,
  ours: NormalOutcome,
  theirs: NormalOutcome,
  declared: Declared | undefined,
): string[] {
  const words = [says ?? []].flat();
  const problems: string[] = [];
  if (theirs.error !== null || ours.error !== null) {
    if (words.length === 0 && declared === undefined) problems.push(`${name}: declare what the error says`);
  }
  for (const word of words) {
    if (theirs.error !== null && !theirs.error.includes(word))
      problems.push(`kubeseal does not say: ${word}`);
    if (declared === undefined && ours.error !== null && !ours.error.includes(word))
      problems.push(`ours does not say: ${word}`);
  }
  if (declared !== undefined) {
    if (ours.error === null || !fits(ours.error, declared.expected as Expected, theirs.error))
      problems.push(`the error is not what ${declared.id} says`);
    else if (theirs.error !== null && words.length > 0 && words.every((word) => ours.error?.includes(word)))
      problems.push(`${declared.id} no longer shows in the words of the error`);
  }
  return problems;
}

function shown(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
