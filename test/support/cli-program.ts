import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

/**
 * Our CLI, for tests that run it as a process: its sources, or the bundle where a run of all tests has just made it, which
 * starts in two thirds of the time.
 */
export const cliProgram = join(
  root,
  process.env["SIGNET_TEST_BUNDLE"] === "1" ? "dist/signet.cjs" : "cli/main.ts",
);
