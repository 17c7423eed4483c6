import { join } from "node:path";

/**
 * Where Node keeps what it makes of our sources when a test runs them in a process: a start takes a third of the time then.
 * Each entry is for one content of one file, so it is never stale.
 */
export const compileCache = {
  NODE_COMPILE_CACHE: join(import.meta.dirname, "../../node_modules/.cache/tests"),
};
