import { builtins } from "./builtins.ts";
import { fromByteString, toByteString, utf8ToByteString } from "./byte-string.ts";
import { evaluate } from "./evaluate.ts";
import type { FunctionTable, Nondeterminism } from "./function-table.ts";
import { type ItemsRead, itemsRead } from "./items-read.ts";
import { limitError } from "./limit-error.ts";
import { DEFAULT_LIMITS, LimitReached, type TemplateLimits } from "./limits.ts";
import { parseTemplate } from "./parser.ts";
import { whyMissing } from "./refused-functions.ts";
import { RunBudget } from "./run-budget.ts";
import { placeAt, TemplateError } from "./template-error.ts";
import { map, types, type Value } from "./value.ts";

/** What to render, and with what. */
export type TemplateJob = {
  /** Sources by name, usually the name of the item they make. */
  readonly templates: ReadonlyMap<string, string>;
  /** What `.` is: items by name. */
  readonly data: ReadonlyMap<string, Uint8Array>;
  /** Items that there are but are not known here: a template whose text reads one is not run. Default: none. */
  readonly unknown?: ReadonlySet<string>;
  readonly functions: FunctionTable;
  readonly limits?: Partial<TemplateLimits>;
  /** Whether functions that are random, read the clock or are costly may be used. Default: no. */
  readonly allowNondeterministic?: boolean;
  /** Milliseconds since 1970; default Date.now. */
  readonly now?: () => number;
  /** Milliseconds that only grow, for the limit on time; default performance.now. */
  readonly monotonic?: () => number;
  /** Default: the platform's generator. */
  readonly randomBytes?: (length: number) => Uint8Array;
};

/**
 * What came of one template. `read`: the items that its text reads, whether or not this run did; `lacks`: those of them that
 * are not known here. With any it was not run, and the output is empty.
 */
export type Rendered =
  | { readonly output: Uint8Array<ArrayBuffer>; readonly read: ItemsRead; readonly lacks: readonly string[] }
  | { readonly error: TemplateError; readonly whileRunning: boolean };

/**
 * Renders templates as Go's text/template with sprig's functions does; each on its own, all within one set of limits.
 * Never throws for what a template or an item holds. Once a limit on all of them together is reached, the templates
 * behind the one that reached it are not tried, and are missing in the result.
 */
export function renderTemplates(job: TemplateJob): Map<string, Rendered> {
  const limits = { ...DEFAULT_LIMITS, ...job.limits };
  const allowed = job.allowNondeterministic === true;
  const budget = new RunBudget(limits, {
    monotonic: job.monotonic ?? (() => performance.now()),
    now: allowed ? (job.now ?? Date.now) : null,
    randomBytes: allowed ? (job.randomBytes ?? secureRandomBytes) : null,
  });
  const items = new Map<string, Value>();
  for (const [item, bytes] of job.data) items.set(utf8ToByteString(item), toByteString(bytes));
  const rendered = new Map<string, Rendered>();
  // No function changes a map of strings, so one serves all templates.
  const dot = map(items, types.stringMap);
  for (const [name, source] of job.templates) {
    const result = renderOne(name, utf8ToByteString(source), dot, { job, limits, budget, allowed });
    rendered.set(name, result);
    if ("error" in result && OF_ALL.has(result.error.limit ?? "")) break;
  }
  return rendered;
}

/** The limits that all templates of a run share. */
const OF_ALL: ReadonlySet<string> = new Set(["steps", "totalOutputBytes", "workBytes", "milliseconds"]);

type Shared = {
  readonly job: TemplateJob;
  readonly limits: TemplateLimits;
  readonly budget: RunBudget;
  readonly allowed: boolean;
};

function renderOne(name: string, source: string, dot: Value, shared: Shared): Rendered {
  const { limits, budget } = shared;
  const { functions } = shared.job;
  let whileRunning = false;
  try {
    budget.checkTime();
    const used = new Map<string, number>();
    const templates = parseTemplate(
      name,
      source,
      {
        has: (candidate) => functions.has(candidate) || builtins.has(candidate),
        used: (functionName, at) => {
          if (!used.has(functionName)) used.set(functionName, at);
        },
        hintFor: whyMissing,
      },
      { limits, spend: (steps) => budget.spend(steps) },
    );
    if (!shared.allowed) refuse(name, source, used, functions);
    const read = itemsRead(templates, name);
    const lacks = unknownAmong(read, shared.job.unknown);
    if (lacks.length > 0) return { output: new Uint8Array(), read, lacks };
    whileRunning = true;
    const output = evaluate({ name, source, templates, functions, limits, budget }, dot);
    return { output: fromByteString(output), read, lacks };
  } catch (error) {
    return { error: asTemplateError(name, error, limits), whileRunning };
  }
}

function unknownAmong({ all, names }: ItemsRead, unknown: ReadonlySet<string> = new Set()): string[] {
  return [...unknown].filter((item) => all || names.has(utf8ToByteString(item)));
}

const WHY: Readonly<Record<Nondeterminism, string>> = {
  random: "random",
  clock: "reads the clock",
  costly: "costly",
};

/** @throws TemplateError that lists every function in use which must be allowed expressly. */
function refuse(
  name: string,
  source: string,
  used: ReadonlyMap<string, number>,
  functions: FunctionTable,
): void {
  const refused: string[] = [];
  let first: { readonly name: string; readonly at: number } | null = null;
  for (const [functionName, at] of used) {
    const why = functions.get(functionName)?.nondeterministic;
    if (why === undefined) continue;
    refused.push(`${functionName} (${WHY[why]})`);
    first ??= { name: functionName, at };
  }
  if (first === null) return;
  throw new TemplateError(
    placeAt(name, source, first.at),
    `these functions are not allowed here: ${refused.join(", ")}`,
    "They would give another Secret at each turn, or cost too much; whoever runs Signet can allow them.",
    { functionName: first.name, refused: true },
  );
}

function asTemplateError(name: string, error: unknown, limits: TemplateLimits): TemplateError {
  if (error instanceof TemplateError) return error;
  const place = placeAt(name, "", 0);
  if (error instanceof LimitReached) return limitError(place, error.limit, limits);
  // What recursion is left is bounded, but the stack may be nearly full where we are called.
  if (error instanceof RangeError) return limitError(place, "nesting", limits);
  return new TemplateError(place, "reading failed in a way that was not foreseen", "Simplify this template.");
}

// The generator gives so many bytes at a time at most.
const RANDOM_BYTES = 65_536;

function secureRandomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += RANDOM_BYTES)
    crypto.getRandomValues(bytes.subarray(at, at + RANDOM_BYTES));
  return bytes;
}
