import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { retryAfterMs } from "../../../shared/vault/vault-retry-after.ts";

const nowMs = Date.UTC(2030, 0, 1);

describe("retryAfterMs", () => {
  for (const [header, wait] of [
    [undefined, null],
    ["", null],
    ["3", 3000],
    [["4", "5"], 4000],
    ["0", null],
    ["-1", null],
    ["1.5e3", null],
    ["soon", null],
    ["Tue, 01 Jan 2030 00:00:20 GMT", 20_000],
    ["Mon, 31 Dec 2029 23:59:00 GMT", null],
    ["999999999", 600_000],
    ["Tue, 01 Jan 2080 00:00:00 GMT", 600_000],
  ] as const)
    it(`reads ${JSON.stringify(header)} as ${wait} ms`, () => {
      assert.equal(
        retryAfterMs(header === undefined || typeof header === "string" ? header : [...header], nowMs),
        wait,
      );
    });
});
