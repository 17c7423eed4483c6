import { RemoteValueError } from "./remote-value-error.ts";
import type { Outcome } from "./sealer.ts";

/** Reads every value. @returns those that could be read, and of the others what is wrong, by item. */
export function readEach<Value>(
  items: ReadonlyMap<string, string>,
  read: (item: string, text: string) => Value,
): { values: Map<string, Value>; problems: Map<string, RemoteValueError> } {
  const values = new Map<string, Value>();
  const problems = new Map<string, RemoteValueError>();
  for (const [item, text] of items) {
    try {
      values.set(item, read(item, text));
    } catch (error) {
      if (!(error instanceof RemoteValueError)) throw error;
      problems.set(item, error);
    }
  }
  return { values, problems };
}

/** What is said of an object's items before any was tried: those with a problem, and the others as not tried. */
export function untriedOutcomes(
  items: ReadonlyMap<string, string>,
  problems: ReadonlyMap<string, RemoteValueError>,
): Map<string, Outcome> {
  return new Map(
    [...items.keys()].map((item) => {
      const error = problems.get(item);
      return [item, error === undefined ? { kind: "not-tried" } : { kind: "malformed", error }];
    }),
  );
}
