// node scripts/check-imports.ts [FOLDER]: who imports whom, cycles, file names and lengths. The rules: imports/rules.ts.
import { join } from "node:path";
import { findCycles } from "./imports/cycles.ts";
import { judge } from "./imports/rules.ts";
import { readSourceTree } from "./imports/source-tree.ts";

const root = process.argv[2] ?? join(import.meta.dirname, "..");
const files = await readSourceTree(root);
if (files.length === 0) throw new Error(`no source files in ${root}`);
const findings = [...files.flatMap(judge), ...findCycles(files)];
for (const { path, line, message, fails } of findings)
  console.log(`${path}:${line}: ${fails ? "error" : "notice"}: ${message}`);
const failures = findings.filter(({ fails }) => fails).length;
console.log(`${files.length} files, ${failures} import, name or length errors`);
process.exitCode = failures === 0 ? 0 : 1;
