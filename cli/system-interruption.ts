/** What a user, a system that shuts down, and a closed terminal send, and the exit code that shells make of it. */
const EXIT_CODES: ReadonlyMap<NodeJS.Signals, number> = new Map([
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
]);

/** Signals that ask a program to end. */
export const INTERRUPTIONS: readonly NodeJS.Signals[] = [...EXIT_CODES.keys()];

/**
 * Has something said when the program is interrupted, which then ends by the signal, as shells and pipelines expect: with the
 * exit code 130, 143 or 129. Files are written in one step, so that none is under hand when a signal is heard. Of several
 * that hear it the last one ends the program.
 * @param lastWords must not wait for anything.
 * @returns what takes it back, once a signal that came before has been heard: it may have broken what failed.
 */
export function whenInterrupted(
  own: Pick<NodeJS.Process, "on" | "off" | "listenerCount" | "kill" | "exit" | "pid">,
  lastWords: () => void,
): () => Promise<void> {
  const stop = () => {
    for (const signal of INTERRUPTIONS) own.off(signal, end);
  };
  const end = (signal: NodeJS.Signals) => {
    stop();
    lastWords();
    // That one may have something to say, or to put away.
    if (own.listenerCount(signal) > 0) return;
    own.kill(own.pid, signal);
    // The first process of a container outlives its own signal.
    own.exit(EXIT_CODES.get(signal));
  };
  for (const signal of INTERRUPTIONS) own.on(signal, end);
  return async () => {
    await nextTurn();
    await nextTurn();
    stop();
  };
}

/** Signals are heard once in each turn of the event loop, and the one that is on may be past that. */
const nextTurn = () => new Promise(setImmediate);
