#!/usr/bin/env node
// First of all: without a listener of ours, Node answers SIGUSR1 by opening a debugger.
let earlySignals = 0;
process.on("SIGUSR1", () => {
  if (process.listenerCount("SIGUSR1") === 1) earlySignals += 1;
});
// Whoever listens later gets the signals that came before, as one: what they ask for is the same each time.
process.on("newListener", (event, listener) => {
  if (event !== "SIGUSR1" || earlySignals === 0) return;
  earlySignals = 0;
  setImmediate(listener, "SIGUSR1");
});

// Node 12 and newer must be able to parse this file: it is what tells their users which Node they need.
if (Number(process.versions.node.split(".")[0]) < 24) {
  console.error(`error: the signet controller needs Node.js 24 or newer; this is ${process.version}`);
  process.exitCode = 1;
} else {
  keepHeapSmall();
  useAllCores();
  leaveMemoryOutOfCoreDumps()
    .then(() => import("./controller/main.mjs"))
    .catch((error) => {
      // The text of an unforeseen error may quote a Secret, so only its kind is shown.
      console.error(`error: the signet controller could not start (${error.code || error.name})`);
      console.error("hint: install it again; its dist folder must be kept whole");
      process.exitCode = 1;
    });
}

/**
 * Left to itself, V8 lets its heap grow to several times what is in use before it collects, since it knows of no limit.
 * This is read whenever the heap grows, so that it counts although V8 has started; the bound on what is new
 * (--max-semi-space-size, see the Dockerfile) must be on the command line.
 */
function keepHeapSmall() {
  process.getBuiltinModule("v8").setFlagsFromString("--heap-growing-percent=30");
}

/**
 * Private-key operations run in Node's thread pool, which has four threads by default. It reads its size when it is first
 * used, so what is said here, before anything is loaded, still counts. Some more than cores: names are looked up there too, and must not wait.
 */
function useAllCores() {
  if (process.env.UV_THREADPOOL_SIZE) return;
  const cores = process.getBuiltinModule("os").availableParallelism();
  process.env.UV_THREADPOOL_SIZE = String(cores + 3);
}

/** Private keys are in this process's memory. core(5): a filter of 0 dumps no mapping. Linux alone has it. */
function leaveMemoryOutOfCoreDumps() {
  return import("node:fs").then(({ writeFileSync }) => {
    try {
      writeFileSync("/proc/self/coredump_filter", "0");
    } catch (error) {
      if (process.platform === "linux") console.error(`warning: core dumps may hold memory (${error.code})`);
    }
  });
}
