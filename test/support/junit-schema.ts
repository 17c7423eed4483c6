import assert from "node:assert/strict";
import type { XmlElement } from "./strict-xml.ts";

/** What an element may hold: attributes it must have, those it may have, its elements and how many of each. */
type ElementRule = {
  required: readonly string[];
  optional: readonly string[];
  children: Readonly<Record<string, { most: number }>>;
  hasText: boolean;
};

const MANY = Number.POSITIVE_INFINITY;
const COUNTS = ["tests", "failures", "errors"];

/**
 * The part of JUnit's XML on which the schemas of Jenkins' xUnit plugin (junit-10.xsd) and of Ant agree, with the attributes `file` and
 * `line` of a test case, which GitLab and pytest have beside them.
 */
const SCHEMA: Readonly<Record<string, ElementRule>> = {
  testsuites: {
    required: ["name", ...COUNTS],
    optional: [],
    children: { testsuite: { most: MANY } },
    hasText: false,
  },
  testsuite: {
    required: ["name", ...COUNTS],
    optional: [],
    children: { testcase: { most: MANY } },
    hasText: false,
  },
  testcase: {
    required: ["name", "classname"],
    optional: ["file", "line"],
    children: { failure: { most: 1 }, "system-out": { most: 1 } },
    hasText: false,
  },
  failure: { required: ["message", "type"], optional: [], children: {}, hasText: true },
  "system-out": { required: [], optional: [], children: {}, hasText: true },
};

/** Holds a report against the schema, and its counts against its cases. */
export function assertJunit(root: XmlElement): void {
  assert.equal(root.name, "testsuites");
  judge(root);
  const total = root.children.map(countsOf);
  assert.deepEqual(countsStated(root), [
    sum(total.map(([tests]) => tests)),
    sum(total.map(([, failed]) => failed)),
    0,
  ]);
  for (const suite of root.children) assert.deepEqual(countsStated(suite), [...countsOf(suite), 0]);
  const names = root.children.map(({ attributes }) => attributes["name"]);
  assert.equal(new Set(names).size, names.length, "a suite comes once");
}

function judge({ name, attributes, children, text }: XmlElement): void {
  const rule = SCHEMA[name];
  assert.ok(rule !== undefined, `no element ${name}`);
  for (const required of rule.required)
    assert.ok(Object.hasOwn(attributes, required), `${name} has no ${required}`);
  for (const attribute of Object.keys(attributes))
    assert.ok([...rule.required, ...rule.optional].includes(attribute), `${name} may not have ${attribute}`);
  if (!rule.hasText) assert.equal(text, "", `${name} may have no text`);
  for (const [child, alike] of Map.groupBy(children, (one) => one.name))
    assert.ok(alike.length <= (rule.children[child]?.most ?? 0), `${name} has ${alike.length} of ${child}`);
  for (const child of children) judge(child);
}

function countsOf({ children }: XmlElement): [tests: number, failures: number] {
  const failed = children.filter((one) => one.children.some(({ name }) => name === "failure"));
  return [children.length, failed.length];
}

function countsStated({ attributes }: XmlElement): number[] {
  return COUNTS.map((name) => {
    assert.match(attributes[name] ?? "", /^\d+$/);
    return Number(attributes[name]);
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
