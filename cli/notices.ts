import type { Io } from "./io.ts";
import { shownText } from "./shown-text.ts";

/** Words for people beside the product. */
export type Notices = {
  /** Whether anybody reads them. */
  readonly shown: boolean;
  /** Says something on standard error, if shown. */
  note(text: string): void;
  /** The same, marked as a warning. */
  warn(text: string): void;
};

/**
 * Notices are shown when standard error is a terminal, or when asked for, so that a script that uses us as kubeseal
 * sees nothing new.
 */
export function noticesOf(io: Io, options: { verbose: boolean; v: number }): Notices {
  const shown = io.stderr.isTerminal || options.verbose || options.v > 0;
  const say = (text: string) => {
    if (shown) io.stderr.write(`${shownText(text)}\n`);
  };
  return { shown, note: say, warn: (text) => say(`warning: ${text}`) };
}

/** The same notices, said only once they are released. */
export function heldNotices(notices: Notices): Notices & { release(): void } {
  const held: (() => void)[] = [];
  return {
    shown: notices.shown,
    note: (text) => void held.push(() => notices.note(text)),
    warn: (text) => void held.push(() => notices.warn(text)),
    release() {
      for (const say of held.splice(0)) say();
    },
  };
}
