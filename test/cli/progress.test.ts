import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { startProgress } from "../../cli/progress.ts";
import { memoryIo } from "../support/memory-io.ts";

const CLEAR = "\r\u001b[K";

/** Progress on a terminal, or not, with a clock that stands still until it is moved. */
function progressOf(total: number, isTerminal = true) {
  let now = Date.UTC(2030, 0, 1);
  const { io, left } = memoryIo([], { terminals: isTerminal ? ["stderr"] : [] });
  const progress = startProgress({ ...io, now: () => new Date(now) }, total);
  return {
    progress,
    pass: (ms: number) => {
      now += ms;
    },
    shown: () => left(0).stderr,
  };
}

suite("progress", () => {
  test("says nothing but its lines while the work is short", () => {
    const { progress, pass, shown } = progressOf(3);
    progress.step();
    pass(999);
    progress.line("sealed a.yaml");
    progress.step();
    progress.end();
    assert.equal(shown(), "sealed a.yaml\n");
  });

  test("draws a bar after a second, over itself, and takes it away at the end", () => {
    const { progress, pass, shown } = progressOf(4);
    pass(1000);
    progress.step();
    assert.equal(shown(), `${CLEAR}[######..................] 1/4`);
    pass(100);
    progress.step();
    pass(100);
    progress.end();
    assert.equal(
      shown(),
      `${CLEAR}[######..................] 1/4${CLEAR}[############............] 2/4${CLEAR}`,
    );
  });

  test("draws ten times a second at the most", () => {
    const { progress, pass, shown } = progressOf(1000);
    pass(1000);
    for (let step = 0; step < 1000; step++) {
      progress.step();
      pass(1);
    }
    assert.equal(shown().split(CLEAR).length - 1, 10);
  });

  test("has the bar make room for a line, and draws it again with the next step", () => {
    const { progress, pass, shown } = progressOf(2);
    pass(1000);
    progress.step();
    progress.line("failed b.yaml");
    progress.step();
    progress.end();
    assert.equal(
      shown(),
      `${CLEAR}[############............] 1/2${CLEAR}failed b.yaml\n${CLEAR}[########################] 2/2${CLEAR}`,
    );
  });

  test("never draws where standard error is no terminal", () => {
    const { progress, pass, shown } = progressOf(2, false);
    for (let step = 0; step < 2; step++) {
      pass(5000);
      progress.line(`step ${step}`);
      progress.step();
    }
    progress.end();
    assert.equal(shown(), "step 0\nstep 1\n");
  });

  test("keeps a line one line, whatever names a document has", () => {
    const { progress, shown } = progressOf(1);
    progress.line("failed a\r\n\u001b[2Jb\u202elmay.c");
    assert.equal(shown(), "failed a \ufffd[2Jb\ufffdlmay.c\n");
  });
});
