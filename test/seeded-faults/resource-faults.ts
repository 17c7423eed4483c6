import type { Fault } from "./fault.ts";

const schema = "shared/structural-schema.ts";
const test = "test/shared/sealed-secret.test.ts";

/** Faults in what is accepted as a SealedSecret. */
export const resourceFaults: readonly Fault[] = [
  {
    what: "an item of the name __proto__ vanishes",
    file: schema,
    find: "if (kept !== LEFT_OUT) entries.push([key, kept]);",
    replace: 'if (kept !== LEFT_OUT && key !== "__proto__") entries.push([key, kept]);',
    test,
  },
  {
    what: "values that are no strings pass",
    file: schema,
    find: 'if (value !== null && typeof value !== "string") {',
    replace: 'if (value !== null && typeof value === "object") {',
    test,
  },
  {
    what: "a null is a fault where the server leaves it out",
    file: schema,
    find: "content !== null || !named.has(field) || nullable.includes(field)",
    replace: "content !== undefined",
    test,
  },
  {
    what: "two Vault references may have the same key",
    file: "shared/sealed-secret.ts",
    find: "if (seen.has(key))",
    replace: 'if (seen.has(key + "!"))',
    test,
  },
  {
    what: "a day that no calendar has passes",
    file: schema,
    find: "&& day.toISOString().startsWith(text)",
    replace: "",
    test,
  },
  {
    what: "an integer that fits no 64 bits passes",
    file: schema,
    find: "&& Math.abs(value) <= 2 ** 63",
    replace: "",
    test,
  },
];
