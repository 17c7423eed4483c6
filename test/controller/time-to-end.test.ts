import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { STOP_BOUND_MS } from "../../controller/leading.ts";
import { RELEASE_BOUND_MS } from "../../controller/runtime/lease-term.ts";

const root = join(import.meta.dirname, "../..");

for (const file of ["deploy/controller.yaml", "deploy/controller-norbac.yaml", "chart/values.yaml"]) {
  test(`what the end waits for takes half the time at most that a Pod has by ${file}`, async () => {
    const text = await readFile(join(root, file), "utf8");
    const seconds = /^ *terminationGracePeriodSeconds: (\d+)$/m.exec(text)?.[1] ?? assert.fail();
    assert.ok(STOP_BOUND_MS + RELEASE_BOUND_MS <= (Number(seconds) * 1000) / 2);
  });
}
