/** One import of one file, as written. */
export type WrittenImport = {
  /** The module as named: "./scope.ts", "node:fs", "zod"; null where it is computed at run time. */
  specifier: string | null;
  /** Counted from 1. */
  line: number;
  /** Erased before the code runs: `import type`, `export type … from`, `typeof import()`. */
  typeOnly: boolean;
};

// Read by lines, which the formatter makes right: statements start at column 0, names stand in double quotes.
const fromStatement = /^(?:import|export)\b(?<clause>[^"'`;]*?)\bfrom\s+"(?<specifier>[^"]+)"/gm;
const bareStatement = /^import\s+"(?<specifier>[^"]+)"/gm;
const callExpression =
  /^(?!\s*(?:\/\/|\*|\/\*)).*?(?<query>typeof\s+)?\bimport\(\s*(?:"(?<specifier>[^"]+)")?/gm;

/** Finds all imports in a TypeScript or JavaScript source: static, for side effects, re-exports, and calls. */
export function readImports(source: string): WrittenImport[] {
  const found: WrittenImport[] = [];
  for (const pattern of [fromStatement, bareStatement, callExpression]) {
    for (const match of source.matchAll(pattern)) {
      const { clause, query, specifier } = match.groups ?? {};
      found.push({
        specifier: specifier ?? null,
        line: source.slice(0, match.index).split("\n").length,
        // `import { type A }` is not among them: it still loads the module.
        typeOnly: query !== undefined || /^\s+type\s+[\w*{]/.test(clause ?? ""),
      });
    }
  }
  return found.toSorted((a, b) => a.line - b.line);
}
