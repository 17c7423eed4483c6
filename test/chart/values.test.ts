import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test } from "node:test";
import { parse } from "yaml";
import { optionsHelp, readControllerOptions } from "../../controller/options.ts";
import { isRecord } from "../support/control-plane/kube-object.ts";
import {
  argumentsOf,
  at,
  chartFolder,
  helmTemplate,
  objectOf,
  renderChart,
  runHelm,
} from "../support/helm.ts";
import { referenceChart } from "../tools/reference-chart.ts";
import { valueEffects, withoutEffect } from "./value-effects.ts";

type Values = Record<string, unknown>;

const ours = await valuesOf(chartFolder);
const reference = await valuesOf(await referenceChart());

suite("values of the reference's chart", () => {
  test("there are sixty, each is known here by the same name", () => {
    assert.equal(Object.keys(reference).length, 60);
    const known = new Set([...valueEffects.map(({ path }) => path), ...Object.keys(withoutEffect)]);
    assert.deepEqual(
      pathsOf(reference).filter((path) => !known.has(path)),
      [],
    );
  });

  test("its whole values file is taken, with our image in place of its own", async () => {
    const objects = await renderChart({ files: [join(await referenceChart(), "values.yaml")] });
    const container = at(objectOf(objects, "Deployment"), "spec", "template", "spec", "containers", 0);
    assert.equal(at(container, "image"), "ghcr.io/signet-dev/signet-controller:0.1.0");
    assert.equal(at(container, "securityContext", "runAsUser"), 1001);
    readControllerOptions(argumentsOf(objects), {});
  });

  test("a mirror of its image stays a mirror", async () => {
    const image = {
      registry: "mirror.example.com",
      repository: "bitnami/sealed-secrets-controller",
      tag: "0.36.1",
    };
    const objects = await renderChart({ values: { image } });
    assert.equal(
      at(objectOf(objects, "Deployment"), "spec", "template", "spec", "containers", 0, "image"),
      "mirror.example.com/signet-dev/signet-controller:0.1.0",
    );
  });

  test("names are made alike, so that its objects are updated in place", async () => {
    const chart = await referenceChart();
    for (const options of [
      { release: "sealed-secrets" },
      { release: "r" },
      { release: "r", values: { nameOverride: "seal" } },
      { release: "r", values: { fullnameOverride: "sealed-secrets-controller", namespace: "elsewhere" } },
      { release: `r${"-long".repeat(10)}` },
      { values: { rbac: { namespacedRoles: true, clusterRole: false }, additionalNamespaces: ["team-a"] } },
    ]) {
      const here = new Set((await renderChart(options)).map(identity));
      const there = (await renderChart({ ...options, chart })).map(identity);
      assert.ok(there.length > 6);
      assert.deepEqual(
        there.filter((one) => !here.has(one)),
        [],
      );
      const selector = async (of?: string): Promise<unknown> =>
        at(
          objectOf(
            await renderChart({ ...options, ...(of === undefined ? {} : { chart: of }) }),
            "Deployment",
          ),
          "spec",
          "selector",
        );
      assert.deepEqual(await selector(), await selector(chart));
    }
  });

  for (const [path, value] of Object.entries(withoutEffect)) {
    test(`${path} changes nothing, and the notes say so`, async () => {
      assert.deepEqual(await rendered(nested(path, value)), await rendered({}));
      assert.match(
        await notes(nested(path, value)),
        new RegExp(`NOTE ${path.replace(".", "\\.")} has no effect`),
      );
      assert.doesNotMatch(await notes({}), /^NOTE /m);
    });
  }
});

suite("each value has its effect", () => {
  test("every value of the chart has a row", () => {
    const known = new Set([...valueEffects.map(({ path }) => path), ...Object.keys(withoutEffect)]);
    assert.deepEqual(
      pathsOf(ours).filter((path) => !known.has(path)),
      [],
    );
    assert.equal(valueEffects.length, new Set(valueEffects.map(({ path }) => path)).size, "no row twice");
  });

  for (const effect of valueEffects) {
    const { path, value, given = {} } = effect;
    test(`${path}: ${JSON.stringify(value)}`, async () => {
      const values = merged(given, nested(path, value));
      if ("fails" in effect) {
        const { code, stderr } = await helmTemplate({ values });
        assert.equal(code, 1);
        assert.match(stderr, effect.fails);
        return;
      }
      const [before, after] = [await rendered(given), await rendered(values)];
      const [without, withIt] = "shows" in effect ? [before, after] : [after, before];
      const text = "shows" in effect ? effect.shows : effect.hides;
      assert.ok(!without.includes(text), `${text} stands there in any case`);
      assert.ok(withIt.includes(text), `${text} in ${withIt}`);
    });
  }
});

suite("options of the controller", () => {
  const names = [...optionsHelp().matchAll(/^ {2}--([a-z0-9-]+)$/gm)].map(([, name]) => name ?? "");
  /** For extraArgs alone, each with the reason. */
  const byArgument: Readonly<Record<string, string>> = {
    kubeconfig: "a pod has credentials of its own",
    context: "goes with kubeconfig",
    "watch-for-secrets": "has no effect",
    "max-unseal-retries": "has no effect",
    help: "ends at once",
    version: "ends at once",
  };

  test("each has a value, or a reason to have none", async () => {
    assert.ok(names.length > 50);
    const given = new Set<string>();
    for (const { path, value, given: also = {} } of valueEffects) {
      // These take the options' place, or leave no Deployment.
      if (["kubeVersion", "args", "createController", "extraArgs"].includes(path)) continue;
      const text = await rendered(merged(also, nested(path, value)));
      for (const [, name] of text.matchAll(/"--([a-z0-9-]+)=/g)) given.add(name ?? "");
    }
    assert.deepEqual(
      names.filter((name) => !given.has(name) && !(name in byArgument)),
      [],
    );
    assert.deepEqual(
      [...given].filter((name) => !names.includes(name)),
      [],
    );
  });

  test("the controller reads what the chart gives by default as its own defaults", async () => {
    const options = readControllerOptions(argumentsOf(await renderChart()), {});
    assert.deepEqual(options, readControllerOptions([], {}));
  });
});

suite("values that cannot be meant", () => {
  const refused: Record<string, [Values, RegExp]> = {
    "a misspelt name": [{ replicas: 2 }, /replicas/],
    "a misspelt name further in": [{ leaderElection: { leasename: "x" } }, /leasename/],
    "a text for a switch": [{ templates: "yes" }, /templates/],
    "an unknown scope": [{ admissionPolicy: { scopes: ["wide"] } }, /scopes/],
    "replicas that are no number": [{ replicaCount: "two" }, /replicaCount/],
    "several replicas without election": [
      { replicaCount: 2, leaderElection: { enabled: false } },
      /several replicas need leader election/,
    ],
    "Roles without namespaces": [{ rbac: { namespacedRoles: true } }, /list them in additionalNamespaces/],
    "a policy without its defaults": [
      { admissionPolicy: { enabled: true, scopes: null } },
      /scopes|admissionPolicy lacks its defaults/,
    ],
    "a key label that is no text": [{ privateKeyLabels: { a: 1 } }, /must be texts/],
    "two places of Vault's authorities": [
      { vault: { address: "https://vault.example", ca: { configMap: "a", secret: "b" } } },
      /names a ConfigMap and a Secret/,
    ],
    "keys outside of a cluster that has no id": [
      {
        additionalNamespaces: ["a"],
        rbac: { namespacedRoles: true, clusterRole: false },
        kms: { allowedKeys: ["k"] },
      },
      /set clusterId/,
    ],
    "wrapped keys of a cluster that has no id": [
      {
        additionalNamespaces: ["a"],
        rbac: { namespacedRoles: true, clusterRole: false },
        keyWrapping: { key: "vault:transit/a" },
      },
      /wrapped sealing keys are bound to a cluster/,
    ],
    "a key label with a comma": [{ privateKeyLabels: { a: "b,c" } }, /holds a comma/],
  };
  for (const [what, [values, message]] of Object.entries(refused)) {
    test(`${what} is refused by name`, async () => {
      const { code, stderr, stdout } = await helmTemplate({ values });
      assert.equal(code, 1);
      assert.match(stderr, message);
      assert.equal(stdout, "");
    });
  }

  test("what Helm itself adds is no misspelling", async () => {
    assert.equal((await helmTemplate({ values: { global: { kubeVersion: "1.36.0" } } })).code, 0);
  });
});

const cache = new Map<string, Promise<string>>();

/** The objects as JSON with sorted fields, rendered once for each set of values. */
function rendered(values: Values): Promise<string> {
  const key = JSON.stringify(values);
  const known = cache.get(key) ?? renderChart({ values }).then((objects) => sorted(objects));
  cache.set(key, known);
  return known;
}

function sorted(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    isRecord(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );
}

async function notes(values: Values): Promise<string> {
  const { code, stdout, stderr } = await runHelm([
    "install",
    "sealed-secrets",
    chartFolder,
    "--dry-run=client",
    ...Object.entries(values).map(([name, value]) => `--set-json=${name}=${JSON.stringify(value)}`),
  ]);
  assert.equal(code, 0, stderr);
  return stdout.slice(stdout.indexOf("NOTES:"));
}

async function valuesOf(chart: string): Promise<Values> {
  return parse(await readFile(join(chart, "values.yaml"), "utf8")) as Values;
}

/** Paths of all values that are no map, or an empty one. */
function pathsOf(values: Values, above = ""): string[] {
  return Object.entries(values).flatMap(([name, value]) =>
    isRecord(value) && Object.keys(value).length > 0
      ? pathsOf(value, `${above}${name}.`)
      : [`${above}${name}`],
  );
}

function nested(path: string, value: unknown): Values {
  return path.split(".").reduceRight<Values>((inner, name) => ({ [name]: inner }), value as Values);
}

function merged(one: Values, other: Values): Values {
  const result: Values = { ...one };
  for (const [name, value] of Object.entries(other)) {
    const present = result[name];
    result[name] = isRecord(present) && isRecord(value) ? merged(present, value) : value;
  }
  return result;
}

function identity({
  kind,
  metadata,
}: {
  kind: string;
  metadata: { name: string; namespace?: string };
}): string {
  return `${kind} ${metadata.namespace ?? ""}/${metadata.name}`;
}
