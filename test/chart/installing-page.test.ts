import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test } from "node:test";
import { parse } from "yaml";
import type { KubeObject } from "../support/control-plane/kube-object.ts";
import { at, helmTemplate, renderChart } from "../support/helm.ts";

const root = join(import.meta.dirname, "../..");
const page = await readFile(join(root, "docs/installing.md"), "utf8");

/** Everything that adds rights. */
const ALL_RIGHTS = {
  metricsAuth: true,
  vault: { address: "https://vault.example.com:8200" },
  vaultReferences: { mounts: ["secret"], role: "tenants", audience: "vault" },
};
/** Groups of values that each need a case. */
const GROUPS = ["kms", "vault", "keyWrapping", "vaultReferences"];

suite("docs/installing.md", () => {
  test("lists every right that the chart can give the controller", async () => {
    const rows = rowsOf("Rights").map((cells) => cells.slice(1, 3).join(" "));
    const rights = (await renderChart({ values: ALL_RIGHTS })).filter(isOfController).flatMap(rulesOf);
    assert.ok(rights.some(({ resource }) => resource === "serviceaccounts/token"));
    for (const { resource, verb, names } of rights) {
      const fitting = rows.filter((row) => speaksOf(row, resource));
      assert.ok(
        fitting.some((row) => row.includes(verb)),
        `no row says ${verb} on ${resource}`,
      );
      for (const name of names)
        assert.ok(
          fitting.some((row) => row.includes(name) || row.includes("leaderElection.leaseName")),
          `no row says that ${resource} is ${name} alone`,
        );
    }
  });

  test("lists every manifest, and no other", async () => {
    const listed = rowsOf("Without Helm").map(([file = ""]) => file.replaceAll("`", ""));
    const there = (await readdir(join(root, "deploy"))).map((name) => `deploy/${name}`);
    assert.deepEqual(listed.toSorted(), there.toSorted());
  });

  test("shows values for each case that the chart takes", async () => {
    const cases = rowsOf("With Helm").map(([title = "", values = ""]) => [title, valuesIn(values)] as const);
    const named = new Set(cases.flatMap(([, values]) => values.flatMap(Object.keys)));
    for (const key of GROUPS) assert.ok(named.has(key), `no case for ${key}`);
    for (const [title, values] of cases) {
      const args = values
        .flatMap((one) => Object.entries(one))
        .map(([key, value]) => ["--set-json", `${key}=${JSON.stringify(value)}`]);
      const { code, stderr } = await helmTemplate({ args: args.flat() });
      assert.equal(code, 0, `${title}: ${stderr}`);
    }
  });
});

/** Cells of the first table below a heading, without its head. */
function rowsOf(heading: string): string[][] {
  const section = new RegExp(`\n## ${heading}\n(.*?)(?=\n## |$)`, "s").exec(page)?.[1];
  assert.ok(section !== undefined, `no section ${heading}`);
  const table = section.split("\n").filter((line) => line.startsWith("|"));
  return table.slice(2).map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** The values that a cell spells out, a map each; `…` stands for any text. */
function valuesIn(cell: string): Record<string, unknown>[] {
  const spelled = [...cell.matchAll(/`([^`]+: [^`]+)`/g)].map(([, text = ""]) => text.replaceAll("…", "x"));
  return spelled.map((text) => parse(`{${text}}`) as Record<string, unknown>);
}

/** A namespace is named in the words of the row. */
function speaksOf(row: string, resource: string): boolean {
  return resource === "namespaces" ? row.startsWith("namespace ") : row.includes(`\`${resource}\``);
}

function isOfController({ kind, metadata }: KubeObject): boolean {
  return /^(Cluster)?Role$/.test(kind) && !/proxier|certificate-reader|metrics-reader/.test(metadata.name);
}

type Right = { resource: string; verb: string; names: string[] };

function rulesOf(role: KubeObject): Right[] {
  const rules = (at(role, "rules") ?? []) as {
    resources?: string[];
    verbs: string[];
    resourceNames?: string[];
  }[];
  return rules.flatMap(({ resources = [], verbs, resourceNames: names = [] }) =>
    resources.flatMap((resource) => verbs.map((verb) => ({ resource, verb, names }))),
  );
}
