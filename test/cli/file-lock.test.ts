import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { withLock } from "../../cli/file-lock.ts";
import type { Files } from "../../cli/io.ts";
import { memoryIo } from "../support/memory-io.ts";

const FILE = "/record.json";
const LOCK = `${FILE}.lock`;
const LEFT_OVER = "00000000-0000-4000-8000-000000000001";

/** Files in memory, and their names. */
function worldOf(files: Record<string, string> = {}) {
  const { io, left } = memoryIo([], { files });
  return { files: io.files, names: () => [...left(0).files.keys()] };
}

const never = () => assert.fail("nothing is to be waited for");
const failing = (code: string) => () => {
  throw Object.assign(new Error("x"), { code });
};

suite("the lock beside a file", () => {
  test("is there for the work, which gets through with its result or failure, and not after", () => {
    const { files, names } = worldOf();
    assert.deepEqual(withLock(FILE, files, names, never), [LOCK]);
    assert.throws(() => withLock(FILE, files, failing("EIO"), never), { code: "EIO" });
    assert.deepEqual(names(), []);
  });

  test("is waited for while another has it", () => {
    const { files, names } = worldOf({ [LOCK]: LEFT_OVER });
    let looks = 0;
    const pause = () => {
      looks++;
      assert.ok(files.kindOf(LOCK) === "file");
      if (looks === 3) files.remove(LOCK);
    };
    assert.equal(
      withLock(FILE, files, () => looks, pause),
      3,
    );
    assert.deepEqual(names(), []);
  });

  for (const text of [LEFT_OVER, "", "no token"]) {
    test(`that was left over is succeeded to: ${JSON.stringify(text)}`, () => {
      const { files, names } = worldOf({ [LOCK]: text });
      const successor = `${LOCK}.${text === LEFT_OVER ? text : 0}`;
      assert.deepEqual(
        withLock(FILE, files, names, () => undefined),
        [LOCK, successor],
      );
      assert.deepEqual(names(), []);
    });
  }

  test("whose successor was killed as well has another", () => {
    const { files, names } = worldOf({ [LOCK]: "", [`${LOCK}.0`]: LEFT_OVER });
    assert.equal(
      withLock(
        FILE,
        files,
        () => names().length,
        () => undefined,
      ),
      3,
    );
    assert.deepEqual(names(), []);
  });

  test("is not succeeded to by who comes when that is over", () => {
    const { files, names } = worldOf({ [LOCK]: LEFT_OVER });
    const late: Pick<Files, "create"> = {
      create(name, token) {
        // Right before: another takes what was left over, and is done; the next one has the lock now.
        if (name !== LOCK && files.kindOf(LOCK) === "file") {
          withLock(
            FILE,
            files,
            () => undefined,
            () => undefined,
          );
          files.create(LOCK, "00000000-0000-4000-8000-000000000002");
        }
        files.create(name, token);
      },
    };
    let isNextDone = false;
    const pause = () => {
      isNextDone = names().length === 1 && String(names()) === LOCK && isNext(files);
      if (isNextDone) files.remove(LOCK);
    };
    withLock(
      FILE,
      { ...files, ...late },
      () => assert.deepEqual([isNextDone, names()], [true, [LOCK]]),
      pause,
    );
    assert.deepEqual(names(), []);
  });

  test("that went to another meanwhile is left to that one", () => {
    const { files, names } = worldOf();
    const whole = () => {
      const other = () => assert.match(names().join(" "), /^\S+\.lock \S+\.lock\.[0-9a-f-]{36}$/);
      withLock(FILE, files, other, () => undefined);
      files.create(LOCK, LEFT_OVER);
    };
    withLock(FILE, files, whole, never);
    assert.deepEqual(names(), [LOCK]);
  });

  test("which others have all the time is named, with what to do", () => {
    const { files } = worldOf({ [LOCK]: "" });
    let looks = 0;
    const pause = () => {
      files.remove(LOCK);
      files.create(LOCK, `00000000-0000-4000-8000-${`${looks++}`.padStart(12, "0")}`);
    };
    assert.throws(() => withLock(FILE, files, never, pause), {
      name: "FileError",
      message: `${LOCK} is held by other processes all the time`,
      hint: "try again when they are done; where none is running, remove it",
    });
    assert.throws(() => withLock(FILE, { ...files, read: failing("EACCES") }, never, pause), {
      name: "FileError",
      message: `cannot read ${LOCK}: permission denied`,
      hint: "remove it, unless another signet is running",
    });
  });

  test("is not waited for where it cannot be made", () => {
    const { files } = worldOf();
    assert.throws(() => withLock(FILE, { ...files, create: failing("EROFS") }, never, never), {
      code: "EROFS",
    });
  });

  test("is none for a device", () => {
    const { files } = worldOf();
    const device: Files = { ...files, kindOf: () => "other", create: never };
    assert.equal(
      withLock(FILE, device, () => "done", never),
      "done",
    );
  });
});

function isNext(files: Files): boolean {
  return new TextDecoder().decode(files.read(LOCK)).endsWith("2");
}
