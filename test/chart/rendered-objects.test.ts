import assert from "node:assert/strict";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { collectionPath } from "../support/control-plane/apply-objects.ts";
import { type ControlPlane, startControlPlane } from "../support/control-plane/control-plane.ts";
import type { KubeObject } from "../support/control-plane/kube-object.ts";
import { readObjects, sealedSecretDefinitionFile } from "../support/control-plane/object-files.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { at, chartFolder, helmTemplate, objectOf, renderChart, runHelm } from "../support/helm.ts";
import { schemaLocation, writeSchemas } from "../support/openapi-schemas.ts";
import { type CommandResult, runProgram } from "../support/run-program.ts";
import { ensureRealComponents } from "../tools/real-components.ts";
import { monitoringDefinitions } from "./monitoring-definitions.ts";

const values = join(import.meta.dirname, "values");
const deploy = join(import.meta.dirname, "../../deploy");
const cases = (await readdir(values)).toSorted();
const manifests = (await readdir(deploy)).toSorted();

suite("what the chart and the manifests give is what the API server takes", () => {
  let cluster: ControlPlane;
  let schemas: string;
  let kubeconform: string;

  before(async () => {
    cluster = await startControlPlane();
    const namespaces = ["team-a", "team-b", "monitoring", "sealing"].map((name) => ({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name },
    }));
    const definition = await readObjects(sealedSecretDefinitionFile);
    await cluster.apply([...namespaces, ...definition, ...monitoringDefinitions]);
    schemas = join(cluster.folder, "schemas");
    await mkdir(schemas);
    // What a definition brings is published a moment after it.
    await waitUntil({ what: "the schemas of our definitions", everyMs: 500 }, async () => {
      const kinds = await writeSchemas(cluster.request, schemas);
      const ours = monitoringDefinitions.map(
        (one) => `monitoring.coreos.com/v1/${String(at(one, "spec", "names", "kind"))}`,
      );
      return [...ours, "bitnami.com/v1alpha1/SealedSecret"].every((kind) => kinds.has(kind)) ? true : null;
    });
    ({ kubeconform } = await ensureRealComponents(["kubeconform"]));
  });
  after(async () => {
    await cluster?.stop();
  });

  test("there are eight values files or more", () => assert.ok(cases.length >= 8));

  for (const file of cases) {
    const options = { files: [join(values, file)] };

    test(`${file}: helm lint finds nothing`, async () => {
      const { code, stdout } = await runHelm([
        "lint",
        "--strict",
        chartFolder,
        `--values=${options.files[0]}`,
      ]);
      assert.equal(code, 0, stdout);
      assert.doesNotMatch(stdout, /\[(WARNING|ERROR)\]/);
    });

    test(`${file}: each object fits the API server's schema`, async () => {
      const { stdout, stderr } = await helmTemplate(options);
      const result = await conform(stdout);
      assert.equal(result.code, 0, `${stderr}${result.stdout}${result.stderr}`);
      assert.match(result.stdout, /Valid: [1-9]\d*, Invalid: 0, Errors: 0, Skipped: 0/);
    });

    test(`${file}: the API server takes each object, and knows each field`, async () => {
      const objects = await renderChart(options);
      assert.ok(objects.length > 4);
      for (const object of objects) await dryRun(object);
    });
  }

  test("a namespace of the restricted Pod Security Standard takes the pods", async () => {
    const restricted = { "pod-security.kubernetes.io/enforce": "restricted" };
    await cluster.apply([
      { apiVersion: "v1", kind: "Namespace", metadata: { name: "restricted", labels: restricted } },
    ]);
    const answers: Record<string, number> = {};
    for (const file of cases) {
      const deployment = objectOf(await renderChart({ files: [join(values, file)] }), "Deployment");
      const spec = at(deployment, "spec", "template", "spec") as Record<string, unknown>;
      // A class that is of kube-system alone.
      delete spec["priorityClassName"];
      const pod = { apiVersion: "v1", kind: "Pod", metadata: { generateName: "x-" }, spec };
      const { status } = await cluster.request("POST", "/api/v1/namespaces/restricted/pods?dryRun=All", pod);
      answers[file] = status;
    }
    const expected = cases.map((file) => [file, file === "external-rights.yaml" ? 403 : 201]);
    assert.deepEqual(answers, Object.fromEntries(expected), "hostNetwork alone is refused");
  });

  for (const file of manifests) {
    test(`deploy/${file}: schema and API server`, async () => {
      const objects = await readObjects(join(deploy, file));
      const result = await conform(objects.map((object) => JSON.stringify(object)).join("\n---\n"));
      assert.equal(result.code, 0, `${result.stdout}${result.stderr}`);
      for (const object of objects) await dryRun(object);
    });
  }

  test("both judges refuse what is wrong", async () => {
    const objects = await renderChart();
    const misspelt = structuredClone(objects.filter(({ kind }) => kind === "Service"));
    for (const object of misspelt) Object.assign(object["spec"] as object, { selektor: {} });
    const result = await conform(misspelt.map((object) => JSON.stringify(object)).join("\n---\n"));
    assert.equal(result.code, 1, result.stdout);
    for (const object of misspelt) await assert.rejects(() => dryRun(object), /selektor/);
    const unknown = await conform(JSON.stringify({ apiVersion: "v9", kind: "Pod", metadata: { name: "x" } }));
    assert.equal(unknown.code, 1, "a kind without schema is not passed over");
  });

  function conform(stdin: string): Promise<CommandResult> {
    return runProgram(kubeconform, ["-summary", "-schema-location", join(schemas, schemaLocation)], {
      stdin,
    });
  }

  /** @throws Error with the API server's message. */
  async function dryRun(object: KubeObject): Promise<void> {
    const path = `${await collectionPath(cluster.request, object)}/${object.metadata.name}`;
    const { status, body } = await cluster.request(
      "PATCH",
      `${path}?dryRun=All&fieldManager=test&fieldValidation=Strict&force=true`,
      object,
      { contentType: "application/apply-patch+yaml" },
    );
    if (status >= 300) throw new Error(`${object.kind} ${object.metadata.name}: ${JSON.stringify(body)}`);
  }
});
