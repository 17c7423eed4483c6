import assert from "node:assert/strict";
import { pbkdf2Sync } from "node:crypto";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { processorTime } from "./processor-time.ts";

test("work counts, waiting does not", async () => {
  const took = processorTime();
  await sleep(300);
  const waiting = took();
  assert.ok(waiting < 150, `${waiting} ms`);
  pbkdf2Sync("password", "salt", 100_000, 32, "sha256");
  assert.ok(took() > waiting + 5, `${took()} ms`);
});
