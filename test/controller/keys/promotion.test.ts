import assert from "node:assert/strict";
import { test } from "node:test";
import { PRIMARY_ANNOTATION, readPromotion } from "../../../controller/keys/promotion.ts";

const NOW = new Date("2030-06-01T12:00:00Z");
const SKEW_MS = 300_000;
const secretWith = (annotations: Record<string, string> | null) => ({
  metadata: { name: "a", uid: "u-1", annotations },
});
const read = (text: string, uid = "u-1") =>
  readPromotion(secretWith({ [PRIMARY_ANNOTATION]: `${text} ${uid}` }), NOW, SKEW_MS);

for (const [name, annotations] of [
  ["no annotations", null],
  ["other annotations", { "signet.dev/other": "2030-06-01T11:00:00Z" }],
] as const) {
  test(`${name}: not promoted, and nothing wrong`, () => {
    assert.deepEqual(readPromotion(secretWith(annotations), NOW, SKEW_MS), { at: null, problem: null });
  });
}

const moments: [text: string, iso: string][] = [
  ["2030-06-01T11:00:00Z", "2030-06-01T11:00:00.000Z"],
  ["2030-06-01t11:00:00z", "2030-06-01T11:00:00.000Z"],
  ["2030-06-01T13:00:00+02:00", "2030-06-01T11:00:00.000Z"],
  ["2030-06-01T05:30:00-05:30", "2030-06-01T11:00:00.000Z"],
  ["2030-06-01T11:00:00.25Z", "2030-06-01T11:00:00.250Z"],
  ["2028-02-29T00:00:00Z", "2028-02-29T00:00:00.000Z"],
  ["2030-06-01T12:05:00Z", "2030-06-01T12:05:00.000Z"],
];
for (const [text, iso] of moments) {
  test(`a promotion: ${text}`, () => {
    const { at, problem } = read(text);
    assert.equal(problem, null);
    assert.equal(at?.toISOString(), iso);
  });
}

const malformed = [
  "",
  "true",
  "yesterday",
  "1906545600",
  "2030-06-01",
  "2030-06-01T11:00:00",
  "2030-06-01T11:00Z",
  "2030-02-30T11:00:00Z",
  "2029-02-29T11:00:00Z",
  "2030-13-01T11:00:00Z",
  "2030-00-01T11:00:00Z",
  "2030-06-00T11:00:00Z",
  "2030-06-01T24:00:00Z",
  "2030-06-01T11:60:00Z",
  "2030-06-01T11:00:60Z",
  "2030-06-01T11:00:00+25:00",
  " 2030-06-01T11:00:00Z",
  "2030-06-01T11:00:00Z\n",
];
for (const text of malformed) {
  test(`no time, told without quoting it: ${JSON.stringify(text)}`, () => {
    assert.deepEqual(read(text), { at: null, problem: "signet.dev/primary holds no time in RFC 3339" });
  });
}

test("a promotion that may have been created with its Secret does not count", () => {
  const text = "2030-06-01T11:00:00Z";
  for (const mark of [
    text,
    `${text} `,
    `${text} u-2`,
    `${text}  u-1`,
    `${text} u-1 u-1`,
    `${text} undefined`,
  ]) {
    const { at, problem } = readPromotion(secretWith({ [PRIMARY_ANNOTATION]: mark }), NOW, SKEW_MS);
    assert.equal(at, null, mark);
    assert.match(problem ?? "", /does not name the uid of its Secret/);
  }
  const unnamed = { metadata: { name: "a", annotations: { [PRIMARY_ANNOTATION]: `${text} ` } } };
  assert.equal(readPromotion(unnamed, NOW, SKEW_MS).at, null);
});

test("a time to come, by more than clocks differ, does not count", () => {
  assert.deepEqual(read("2030-06-01T12:05:01Z"), {
    at: null,
    problem: "signet.dev/primary holds a time to come, 2030-06-01T12:05:01.000Z",
  });
});
