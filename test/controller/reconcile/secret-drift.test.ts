import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SecretDrift } from "../../../controller/reconcile/secret-drift.ts";
import type { SecretVersion } from "../../../controller/reconcile/secret-version.ts";

const key = "team/db";
const version = (resourceVersion: number, uid = "u1"): SecretVersion => ({
  uid,
  resourceVersion: `${resourceVersion}`,
  controller: "",
});
const repairing = (present: SecretVersion | undefined) => ({ present, keepsEdits: false });
const keeping = (present: SecretVersion | undefined) => ({ present, keepsEdits: true });
const full = { drift: null, gone: false };
const changed = { drift: "changed", gone: false };
const deleted = { drift: "deleted", gone: true };

/** An object that was looked at and is in sync with its Secret at version 5. */
function settled(ours = true): { drift: SecretDrift; clock: { ms: number } } {
  const clock = { ms: 0 };
  const drift = new SecretDrift(() => clock.ms);
  drift.demand(key);
  assert.deepEqual(drift.begin(key, repairing(version(4))), full);
  drift.settle(key, { version: version(5), ours });
  return { drift, clock };
}

describe("what we wrote or compared ourselves costs nothing", () => {
  test("told after the answer: no turn", () => {
    assert.equal(settled().drift.wake(key, version(5)), null);
  });

  test("told before the answer: a turn without a look", () => {
    const drift = new SecretDrift(() => 0);
    drift.demand(key);
    drift.begin(key, repairing(undefined));
    assert.equal(drift.wake(key, version(5)), 0);
    drift.settle(key, { version: version(5), ours: true });
    assert.equal(drift.begin(key, repairing(version(5))), null);
  });

  test("a turn without a look leaves the object as in sync as it was", () => {
    const { drift } = settled();
    assert.equal(drift.begin(key, repairing(version(5))), null);
    assert.equal(drift.begin(key, repairing(version(5))), null);
    assert.equal(drift.wake(key, version(5)), null);
  });

  test("a watch that is behind shows what we left before, once we have written again", () => {
    const { drift } = settled();
    drift.demand(key);
    drift.begin(key, repairing(version(4)));
    drift.settle(key, { version: version(8), ours: true });
    assert.equal(drift.wake(key, version(5)), null);
    assert.equal(drift.begin(key, repairing(version(5))), null);
    assert.equal(drift.wake(key, version(8)), null);
    assert.equal(drift.wake(key, version(5)), 0, "shown after that, it came back");
    assert.deepEqual(drift.begin(key, repairing(version(5))), changed);
  });

  test("what others left in between is looked at all the same", () => {
    const { drift } = settled();
    drift.demand(key);
    drift.begin(key, repairing(version(4)));
    drift.settle(key, { version: version(8), ours: true });
    assert.equal(drift.wake(key, version(5, "u2")), 0);
    assert.equal(drift.wake(key, version(6)), 0);
    assert.deepEqual(drift.begin(key, repairing(version(6))), changed);
  });

  test("turns without a look do not slow the first repair", () => {
    const { drift } = settled();
    for (let round = 0; round < 10; round++) {
      drift.wake(key, version(6));
      assert.equal(drift.begin(key, repairing(version(5))), null);
    }
    assert.equal(drift.wake(key, version(7)), 0);
  });
});

describe("what others do to the Secret of an object in sync", () => {
  test("a change has it looked at", () => {
    const { drift } = settled();
    assert.equal(drift.wake(key, version(6)), 0);
    assert.deepEqual(drift.begin(key, repairing(version(6))), changed);
  });

  test("so has its end, and another Secret in its place", () => {
    const { drift } = settled();
    assert.equal(drift.wake(key, null), 0);
    assert.deepEqual(drift.begin(key, repairing(undefined)), deleted);
    drift.settle(key, { version: version(7, "u2"), ours: true });
    assert.equal(drift.wake(key, version(8, "u3")), 0);
    assert.deepEqual(drift.begin(key, repairing(version(8, "u3"))), changed);
  });

  test("the same resourceVersion of another Secret is another Secret", () => {
    const { drift } = settled();
    assert.equal(drift.wake(key, version(5, "u2")), 0);
    assert.deepEqual(drift.begin(key, repairing(version(5, "u2"))), changed);
  });

  test("a change that comes while the object is worked on is not lost", () => {
    const drift = new SecretDrift(() => 0);
    drift.demand(key);
    drift.begin(key, repairing(version(4)));
    assert.equal(drift.wake(key, version(6)), 0);
    drift.settle(key, { version: version(5), ours: true });
    assert.deepEqual(drift.begin(key, repairing(version(6))), changed);
  });

  test("asked to keep changes, only the end of that very Secret counts", () => {
    const { drift } = settled();
    drift.wake(key, version(6));
    assert.equal(drift.begin(key, keeping(version(6))), null);
    drift.wake(key, version(6, "u2"));
    assert.deepEqual(drift.begin(key, keeping(version(6, "u2"))), changed);
    drift.settle(key, { version: version(6, "u2"), ours: true });
    drift.wake(key, null);
    assert.deepEqual(drift.begin(key, keeping(undefined)), deleted);
  });

  test("a Secret that was only merged into is others' to delete, not to change", () => {
    const { drift } = settled(false);
    drift.wake(key, null);
    assert.equal(drift.begin(key, repairing(undefined)), null);
    drift.wake(key, version(9, "u2"));
    assert.deepEqual(drift.begin(key, repairing(version(9, "u2"))), changed);
  });
});

describe("other causes", () => {
  test("what is demanded is looked at in full, however the Secret stands", () => {
    for (const present of [version(5), version(6), undefined]) {
      const { drift } = settled();
      drift.demand(key);
      drift.wake(key, present ?? null);
      assert.deepEqual(drift.begin(key, keeping(present)), full);
    }
  });

  test("what is demanded while the object is worked on is not lost", () => {
    const drift = new SecretDrift(() => 0);
    drift.demand(key);
    drift.begin(key, repairing(version(5)));
    drift.demand(key);
    drift.settle(key, { version: version(5), ours: true });
    assert.deepEqual(drift.begin(key, repairing(version(5))), full);
    drift.settle(key, { version: version(5), ours: true });
    assert.equal(drift.begin(key, repairing(version(5))), null);
  });

  test("an object that did not end in sync is looked at at every turn, and that is no repair", () => {
    const { drift } = settled();
    drift.demand(key);
    drift.begin(key, repairing(version(5)));
    assert.deepEqual(drift.begin(key, repairing(version(5))), full);
    assert.equal(drift.wake(key, version(5)), 0);
    assert.deepEqual(drift.begin(key, repairing(version(5))), full);
    drift.wake(key, null);
    assert.deepEqual(drift.begin(key, repairing(undefined)), { drift: null, gone: true });
  });

  test("one that is gone is forgotten", () => {
    const { drift } = settled();
    drift.wake(key, version(6));
    drift.forget(key);
    assert.deepEqual(drift.begin(key, repairing(version(5))), full);
  });
});

describe("a quarrel", () => {
  test("looks at changes wait longer and longer; the end of the Secret is looked at at once all the same", () => {
    const { drift, clock } = settled();
    const waits = [];
    for (let round = 6; round < 12; round++) {
      const waitMs = drift.wake(key, version(round)) ?? assert.fail();
      waits.push(waitMs);
      clock.ms += waitMs;
      drift.begin(key, repairing(version(round)));
      drift.settle(key, { version: version(100 + round), ours: true });
    }
    assert.deepEqual(waits, [0, 0, 0, 1000, 2000, 4000]);
    assert.equal(drift.wake(key, null), 0);
  });

  test("an object that is in the queue already waits for its pace all the same", () => {
    const { drift, clock } = settled();
    for (let round = 0; round < 3; round++) {
      drift.wake(key, null);
      assert.deepEqual(drift.begin(key, repairing(undefined)), deleted);
      drift.settle(key, { version: version(6 + round, `u${round}`), ours: true });
    }
    // Our own Secret was told, put the object into the queue, and is gone before its turn.
    assert.equal(drift.wake(key, version(9, "u9")), 0);
    assert.equal(drift.begin(key, repairing(undefined)), 1000);
    clock.ms += 1000;
    assert.deepEqual(drift.begin(key, repairing(undefined)), deleted);
  });

  test("is told of once", () => {
    const { drift, clock } = settled();
    const told = Array.from({ length: 6 }, () => {
      clock.ms += drift.wake(key, version(6)) ?? assert.fail();
      drift.begin(key, repairing(version(6)));
      drift.settle(key, { version: version(5), ours: true });
      return drift.repaired(key, "changed");
    });
    assert.deepEqual(told, ["single", "single", "single", "contested", "again", "again"]);
    assert.equal(drift.repaired(key, "deleted"), "single");
  });

  test("a change of the SealedSecret does not wait for it", () => {
    const { drift, clock } = settled();
    for (let round = 0; round < 6; round++) {
      clock.ms += drift.wake(key, version(6)) ?? assert.fail();
      drift.begin(key, repairing(version(6)));
      drift.settle(key, { version: version(5), ours: true });
    }
    drift.demand(key);
    assert.deepEqual(drift.begin(key, repairing(version(5))), full);
  });
});
