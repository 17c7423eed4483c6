import { InputError, UsageError } from "../../shared/errors.ts";
import { counted } from "../counted.ts";
import type { InventoryProblem } from "../inventory/sealed-object.ts";

/** As Git names objects under either of its hashes. */
const OBJECT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
/** So many names fit into a line that somebody reads. */
const MOST_NAMES = 5;

/** A place and what is wrong there; the message of a reader begins with the place as a rule. */
export function toldAt(where: string, problem: string): string {
  return problem.startsWith(where) ? problem : `${where}: ${problem}`;
}

/** What could not be looked at, with the flag that lets this very content pass, where there is one. */
export function unreadLine({ where, problem, next, objects = [] }: InventoryProblem): string {
  const named = objects.length > MOST_NAMES ? "OBJECT,..., which -o json names" : objects.join(",");
  const flag = objects.length === 0 ? "" : `; to let it pass: --allow-unreadable ${named}`;
  return `${toldAt(where, problem)} (${next}${flag})`;
}

/** Why a run fails that could not look at everything. */
export function notWhole(problems: readonly InventoryProblem[]): InputError {
  const count = counted(problems.length, "place");
  const isNamed = problems.some(({ objects = [] }) => objects.length > 0);
  const flags = isNamed
    ? "let contents pass by name as they say; --skip-unreadable lets all pass"
    : "give --skip-unreadable";
  return new InputError(
    `${count} could not be looked at, so that the audit is not whole`,
    `mend what the warnings name, or ${flags}`,
  );
}

/**
 * The contents that need not be read.
 * @throws UsageError for what is no whole name of an object: one that is shorter, or a path, may come to name another.
 */
export function allowedObjects(names: readonly string[]): ReadonlySet<string> {
  const odd = names.find((name) => !OBJECT.test(name));
  if (odd === undefined) return new Set(names);
  throw new UsageError(
    `--allow-unreadable: ${JSON.stringify(odd)} is no whole name of an object of Git`,
    "write the name as the warning has it; git rev-parse COMMIT:PATH prints it",
  );
}

/** Names that nothing needs any more. */
export function needless(
  allowed: ReadonlySet<string>,
  passedOver: readonly InventoryProblem[],
): InventoryProblem[] {
  const used = new Set(passedOver.flatMap(({ objects = [] }) => objects));
  return [...allowed]
    .filter((name) => !used.has(name))
    .map((name) => ({
      where: `--allow-unreadable ${name}`,
      problem: "nothing needs it: it is read, or is not there",
      next: "leave it out",
    }));
}
