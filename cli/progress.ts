import type { Io } from "./io.ts";
import { oneLine } from "./shown-text.ts";

const SHOWN_AFTER_MS = 1000;
const REDRAWN_AFTER_MS = 100;
const BAR_WIDTH = 24;
const CLEAR_LINE = "\r\u001b[K";

/** Tells on standard error how far work on many files has come: a line each, and a bar while it takes long. */
export type Progress = {
  /** Says something on a line of its own. */
  line(text: string): void;
  /** One more is done. */
  step(): void;
  /** Takes the bar away. */
  end(): void;
};

/**
 * A bar is drawn when standard error is a terminal and the work has taken longer than a second.
 * @param total how many steps there will be.
 */
export function startProgress(io: Io, total: number): Progress {
  const start = io.now().getTime();
  let done = 0;
  let drawnAt: number | null = null;
  const clear = () => {
    if (drawnAt !== null) io.stderr.write(CLEAR_LINE);
  };
  const draw = () => {
    const now = io.now().getTime();
    if (!io.stderr.isTerminal || now - start < SHOWN_AFTER_MS) return;
    if (drawnAt !== null && now - drawnAt < REDRAWN_AFTER_MS) return;
    drawnAt = now;
    const filled = Math.round((done / total) * BAR_WIDTH);
    const bar = `${"#".repeat(filled)}${".".repeat(BAR_WIDTH - filled)}`;
    io.stderr.write(`${CLEAR_LINE}[${bar}] ${done}/${total}`);
  };
  return {
    line(text) {
      clear();
      io.stderr.write(`${oneLine(text)}\n`);
      // The bar went with the line.
      if (drawnAt !== null) drawnAt = Number.NEGATIVE_INFINITY;
    },
    step() {
      done += 1;
      draw();
    },
    end() {
      clear();
      drawnAt = null;
    },
  };
}
