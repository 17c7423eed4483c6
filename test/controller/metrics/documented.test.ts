import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createMetrics } from "../../../controller/metrics.ts";

const OURS = /^(signet|sealed_secrets_controller)_/;

test("every metric stands in the documentation with its labels, and no other", async () => {
  const page = await readFile(join(import.meta.dirname, "../../../docs/controller.md"), "utf8");
  const section = /\n## Metrics\n(.*?)\n## /s.exec(page)?.[1] ?? assert.fail("no section on metrics");
  const rows = section.split("\n").filter((line) => line.startsWith("| `"));
  const documented = new Map(
    rows.flatMap((row) => {
      const [, names = "", labels = ""] = row.split("|").map((cell) => cell.trim());
      // Behind the colon stand a label's values.
      const words = [...labels.matchAll(/`(\w+)`(:.*)?/g)].map(([, label]) => label ?? "");
      return [...names.matchAll(/`(\w+)`/g)].map(([, name = ""]) => [name, words] as const);
    }),
  );
  const registered = await createMetrics({ version: "1", omitNames: false }).registry.getMetricsAsJSON();
  const own = registered.map(({ name }) => name).filter((name) => OURS.test(name));
  assert.deepEqual([...documented.keys()].sort(), own.sort());
  for (const metric of registered.filter(({ name }) => OURS.test(name))) {
    const [value] = metric.values;
    if (value === undefined) continue;
    const labels = Object.keys(value.labels).filter((label) => label !== "le");
    assert.deepEqual(documented.get(metric.name)?.toSorted(), labels.toSorted(), metric.name);
  }
});
