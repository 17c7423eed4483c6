// npm run check: types, lint and format, and who imports whom. Every part runs; any failure fails the whole.
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const installed = (name: string): string => join(root, "node_modules", name);

const parts = [
  { name: "types", args: [installed("typescript/bin/tsc"), "-p", "."] },
  { name: "lint and format", args: [installed("@biomejs/biome/bin/biome"), "check", "--error-on-warnings"] },
  { name: "imports", args: [join(root, "scripts", "check-imports.ts")] },
];

const failed: string[] = [];
for (const { name, args } of parts) {
  const start = performance.now();
  const { status, signal, error } = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" });
  if (error !== undefined) console.error(`error: cannot run ${args[0]}: ${error.message}`);
  if (signal === "SIGINT" || signal === "SIGTERM") process.exit(130);
  const passed = status === 0;
  if (!passed) failed.push(name);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`check: ${name}: ${passed ? "passed" : "FAILED"} in ${seconds} s`);
}
if (failed.length > 0) {
  console.error(`error: failed: ${failed.join("; ")}`);
  process.exitCode = 1;
}
