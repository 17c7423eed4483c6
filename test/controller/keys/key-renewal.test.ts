import assert from "node:assert/strict";
import { test } from "node:test";
import { renewalDueInMs } from "../../../controller/keys/key-renewal.ts";

const NOW = new Date("2030-01-31T00:00:00Z");
const ago = (ms: number) => new Date(NOW.getTime() - ms);
const HOUR = 3_600_000;

const table: [string, number, Date | null, number | null][] = [
  ["no key: at once", 720 * HOUR, null, 0],
  ["no key, renewal off: at once all the same", 0, null, 0],
  ["renewal off: never", 0, ago(10_000 * HOUR), null],
  ["a new key: after the period", 720 * HOUR, NOW, 720 * HOUR],
  ["half way: the rest", 720 * HOUR, ago(360 * HOUR), 360 * HOUR],
  ["just due", 720 * HOUR, ago(720 * HOUR), 0],
  ["overdue: at once", 720 * HOUR, ago(9999 * HOUR), 0],
  ["a key from the future (clocks differ): later", 720 * HOUR, ago(-HOUR), 721 * HOUR],
];
for (const [name, period, newest, due] of table) {
  test(name, () => assert.equal(renewalDueInMs(period, newest, NOW), due));
}
