/** How much templates may take. What exceeds a limit ends with a TemplateError that names it. */
export type TemplateLimits = {
  /** Length of one template's source. */
  readonly sourceBytes: number;
  /** How deeply parentheses and blocks may nest in a source. */
  readonly nesting: number;
  /** Work of all templates of one run: about one step for each node, item and hundred bytes. */
  readonly steps: number;
  /** How deeply templates may call templates. */
  readonly callDepth: number;
  /** How deeply evaluation may go in all: calls, blocks and parentheses within each other. */
  readonly depth: number;
  /** One template's output. */
  readonly outputBytes: number;
  /** The output of all templates of one run. */
  readonly totalOutputBytes: number;
  /** One string on the way. */
  readonly stringBytes: number;
  /** All strings and lists built on the way, in one run. */
  readonly workBytes: number;
  /** Time for one run. */
  readonly milliseconds: number;
};

/** A Secret holds a mebibyte at most: no template needs more. */
export const DEFAULT_LIMITS: TemplateLimits = {
  sourceBytes: 1024 * 1024,
  nesting: 200,
  steps: 1_000_000,
  callDepth: 200,
  depth: 500,
  outputBytes: 1024 * 1024,
  totalOutputBytes: 2 * 1024 * 1024,
  stringBytes: 4 * 1024 * 1024,
  workBytes: 64 * 1024 * 1024,
  milliseconds: 1000,
};

/** A limit was reached. The evaluator turns it into a TemplateError with the place. */
export class LimitReached extends Error {
  readonly limit: keyof TemplateLimits;

  constructor(limit: keyof TemplateLimits) {
    super(`limit ${limit} reached`);
    this.name = "LimitReached";
    this.limit = limit;
  }
}
