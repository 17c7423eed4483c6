#!/usr/bin/env node
import { run } from "./run.ts";
import { runToExit } from "./system-io.ts";

// No await at the top level: the bundle is CommonJS, which starts sooner.
runToExit(run);
