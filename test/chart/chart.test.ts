import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { parse } from "yaml";
import { createMetrics } from "../../controller/metrics.ts";
import { version } from "../../shared/version.ts";
import { sealedSecretDefinitionFile } from "../support/control-plane/object-files.ts";
import { at, chartFolder, helmTemplate, objectOf, renderChart, runHelm } from "../support/helm.ts";
import { runProgram } from "../support/run-program.ts";
import { ensureRealComponents } from "../tools/real-components.ts";

const all = { metrics: { prometheusRule: { enabled: true }, dashboards: { create: true } } };

suite("the chart", () => {
  test("ships the definition of crds/, which Helm leaves alone when it upgrades and uninstalls", async () => {
    const [file, ...others] = await readdir(join(chartFolder, "crds"));
    assert.deepEqual(others, []);
    assert.equal(
      await readFile(join(chartFolder, "crds", file ?? ""), "utf8"),
      await readFile(sealedSecretDefinitionFile, "utf8"),
    );
    const { stdout } = await helmTemplate({ args: ["--include-crds"] });
    assert.match(stdout, /kind: CustomResourceDefinition/);
    assert.ok((await renderChart()).every(({ kind }) => kind !== "CustomResourceDefinition"));
  });

  test("has this product's version", async () => {
    const chart = parse(await readFile(join(chartFolder, "Chart.yaml"), "utf8")) as Record<string, string>;
    assert.equal(chart["appVersion"], version);
    assert.equal(
      chart["name"],
      "sealed-secrets",
      "labels of the Deployment that it replaces are made from it",
    );
  });

  test("asks the cluster for nothing: what it gives depends on its values alone", async () => {
    const folder = join(chartFolder, "templates");
    for (const file of await readdir(folder)) {
      const text = await readFile(join(folder, file), "utf8");
      assert.doesNotMatch(text, /\blookup\b|\.APIVersions|\bnow\b|rand[A-Z]|uuidv4/, file);
    }
    const [once, again] = [await helmTemplate({ values: all }), await helmTemplate({ values: all })];
    assert.equal(once.stdout, again.stdout);
  });

  test("is packaged whole", async () => {
    const folder = await mkdtemp(join(tmpdir(), "signet-chart-test-"));
    try {
      const { code, stderr } = await runHelm(["package", chartFolder, `--destination=${folder}`]);
      assert.equal(code, 0, stderr);
      const [archive = ""] = await readdir(folder);
      const args = ["--include-crds"];
      const packed = await helmTemplate({ chart: join(folder, archive), values: all, args });
      assert.equal(packed.stdout, (await helmTemplate({ values: all, args })).stdout);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

suite("alerts and dashboard", () => {
  const known = new Set(
    createMetrics({ version, omitNames: false })
      .registry.getMetricsAsArray()
      .map(({ name }) => name),
  );

  test("ask for metrics that there are", async () => {
    const objects = await renderChart({ values: all });
    const groups = at(objectOf(objects, "PrometheusRule"), "spec", "groups", 0, "rules") as {
      expr: string;
    }[];
    const { data } = objectOf(objects, "ConfigMap") as unknown as { data: Record<string, string> };
    const dashboard = JSON.parse(data["signet-controller.json"] ?? "") as {
      panels: { targets: { expr: string }[] }[];
    };
    const expressions = [
      ...groups.map(({ expr }) => expr),
      ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    ];
    assert.ok(expressions.length > 20);
    // Keys that wait to be unwrapped, and why they may.
    for (const shown of ["max by (state) (signet_sealing_keys)", "signet_sealing_key_unwrappings_total["])
      assert.ok(
        expressions.some((expression) => expression.includes(shown)),
        shown,
      );
    for (const expression of expressions) {
      const asked = expression.match(/\b(?:sealed_secrets_controller|signet|process)_[a-z_]+/g) ?? [];
      assert.ok(asked.length > 0, expression);
      for (const name of asked) assert.ok(known.has(name), `${name} in ${expression}`);
    }
  });

  test("an outage of a key service fires one, whether values are sealed under it or read from it", async () => {
    const rules = at(
      objectOf(await renderChart({ values: all }), "PrometheusRule"),
      ...["spec", "groups", 0, "rules"],
    ) as { alert: string; expr: string; for: string }[];
    const outages = rules.filter(({ alert }) => /KeyServiceFailing|VaultReferencesFailing/.test(alert));
    assert.deepEqual(
      outages.map(({ expr, for: lasting }) => `${expr} ${lasting}`),
      [
        "max by (namespace, job, service) (signet_key_service_closed_gates) > 0 10m",
        "max by (namespace, job) (signet_vault_kv_unreachable) > 0 10m",
      ],
    );
  });

  test("the alerts are what Prometheus reads", async () => {
    const rules = objectOf(await renderChart({ values: all }), "PrometheusRule")["spec"];
    const { "prometheus-rules": checker } = await ensureRealComponents(["prometheus-rules"]);
    const judge = (stdin: string) => runProgram(checker, [], { stdin });
    const verdict = await judge(JSON.stringify(rules));
    assert.equal(verdict.code, 0, verdict.stderr);
    const broken = await judge(JSON.stringify(rules).replaceAll("max by (", "max by (("));
    assert.equal(broken.code, 1);
    assert.match(broken.stderr, /SealedSecretsKeyRefused/);
  });

  test("the alerts of the reference are among them, and none has its name twice", async () => {
    const rules = at(
      objectOf(await renderChart({ values: all }), "PrometheusRule"),
      ...["spec", "groups"],
      ...[0, "rules"],
    ) as { alert: string; annotations: { description: string } }[];
    const names = rules.map(({ alert }) => alert);
    assert.equal(new Set(names).size, names.length);
    for (const name of ["SealedSecretsControllerNotReady", "SealedSecretsUnsealErrorHigh"])
      assert.ok(names.includes(name));
    assert.match(rules[0]?.annotations.description ?? "", /\{\{ \$labels\.namespace \}\}/);
  });

  test("the dashboard can be shown beside the reference's", async () => {
    const file = join(chartFolder, "dashboards/signet-controller.json");
    const dashboard = JSON.parse(await readFile(file, "utf8")) as {
      uid: string;
      id: null;
      schemaVersion: number;
      panels: { id: number; type: string; gridPos: { x: number; w: number } }[];
    };
    assert.notEqual(dashboard.uid, "UuEtZCVWz");
    assert.ok(dashboard.uid.length <= 40);
    assert.equal(dashboard.id, null);
    assert.ok(dashboard.schemaVersion >= 39);
    assert.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length);
    for (const { type, gridPos } of dashboard.panels) {
      assert.ok(["timeseries", "stat"].includes(type));
      assert.ok(gridPos.x + gridPos.w <= 24);
    }
  });
});
