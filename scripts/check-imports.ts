// node scripts/check-imports.ts [FOLDER]: who imports whom, cycles, file names and lengths. The rules: imports/rules.ts.
import { join } from "node:path";
import { inspect } from "./imports/inspect.ts";

const { findings, files } = await inspect(process.argv[2] ?? join(import.meta.dirname, ".."));
for (const { path, line, message, fails } of findings)
  console.log(`${path}:${line}: ${fails ? "error" : "notice"}: ${message}`);
const failures = findings.filter(({ fails }) => fails).length;
console.log(`${files} files, ${failures} import, name or length errors`);
process.exitCode = failures === 0 ? 0 : 1;
