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
  /** A warning that is shown in any case, and at once: what it tells of is worse in a pipeline than at a terminal. */
  alert(text: string): void;
};

/**
 * Notices are shown when standard error is a terminal, or when asked for, so that a script that uses us as kubeseal
 * sees nothing new.
 */
export function noticesOf(io: Io, options: { verbose: boolean; v: number }): Notices {
  const shown = io.stderr.isTerminal || options.verbose || options.v > 0;
  const alert = (text: string) => io.stderr.write(`warning: ${shownText(text)}\n`);
  const note = (text: string) => {
    if (shown) io.stderr.write(`${shownText(text)}\n`);
  };
  return { shown, note, warn: (text) => note(`warning: ${text}`), alert };
}

/** The same notices, said only once they are released. */
export function heldNotices(notices: Notices): Notices & { release(): void } {
  const held: (() => void)[] = [];
  return {
    shown: notices.shown,
    note: (text) => void held.push(() => notices.note(text)),
    warn: (text) => void held.push(() => notices.warn(text)),
    alert: (text) => notices.alert(text),
    release() {
      for (const say of held.splice(0)) say();
    },
  };
}
