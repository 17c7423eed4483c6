import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Fifo } from "../../../controller/runtime/fifo.ts";

test("fifo: each item once, first come, first served, whatever is taken out in between", () => {
  const aStep = fc.tuple(fc.constantFrom("push", "unshift", "shift", "delete"), fc.nat(5));
  fc.assert(
    fc.property(fc.array(aStep), (steps) => {
      const fifo = new Fifo<number>();
      let expected: number[] = [];
      for (const [kind, item] of steps) {
        const has = expected.includes(item);
        assert.equal(fifo.has(item), has);
        if (kind === "push") {
          assert.equal(fifo.push(item), !has);
          if (!has) expected.push(item);
        } else if (kind === "unshift") {
          fifo.unshift(item);
          if (!has) expected.unshift(item);
        } else if (kind === "shift") assert.equal(fifo.shift(), expected.shift());
        else {
          assert.equal(fifo.delete(item), has);
          expected = expected.filter((one) => one !== item);
        }
        assert.equal(fifo.size, expected.length);
      }
      while (fifo.size > 0) assert.equal(fifo.shift(), expected.shift());
      assert.deepEqual([fifo.shift(), expected], [undefined, []]);
    }),
  );
});
