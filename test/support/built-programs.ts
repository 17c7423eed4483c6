import { join } from "node:path";

const root = join(import.meta.dirname, "../..");
const areBuilt = process.env["SIGNET_TEST_BUNDLE"] === "1";

/**
 * Our CLI, for tests that run it as a process: its sources, or the bundle where a run of all tests has just made it, which
 * starts in two thirds of the time.
 */
export const cliProgram = join(root, areBuilt ? "dist/signet.cjs" : "cli/main.ts");

/** Our controller, likewise; its bundle starts in less than a third of the time. */
export const controllerProgram = join(root, areBuilt ? "dist/controller.mjs" : "controller/main.ts");
