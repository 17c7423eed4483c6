import assert from "node:assert/strict";
import { test } from "node:test";
import { pairSecret, sealingPair } from "../sealing-key.ts";
import { controllerScene } from "./controller-scene.ts";

const key = pairSecret(await sealingPair(), "sealed-secrets-key1");

const modes: [string, string[], string[]][] = [
  [
    "a list of namespaces",
    ["--additional-namespaces=team, other,,missing"],
    ["kube-system", "team", "other", "missing"],
  ],
  ["its own namespace", ["--all-namespaces=false"], ["kube-system"]],
  [
    "a list wins over all namespaces",
    ["--all-namespaces=true", "--additional-namespaces=team"],
    ["kube-system", "team"],
  ],
];
for (const [name, args, served] of modes) {
  test(`${name}: never a call outside, and the namespaces named are served`, async (context) => {
    const scene = await controllerScene(context, {
      keys: [key],
      args,
      prepare: ({ store }) => {
        for (const namespace of ["other", "outside"]) store.ensureNamespace(namespace);
      },
    });
    const existing = served.filter((namespace) => namespace !== "missing");
    for (const namespace of [...existing, "outside"]) await scene.seal("db", { in: namespace }, namespace);
    for (const namespace of existing) await scene.untilSynced("db", { in: namespace }, namespace);
    assert.equal(scene.items("db", "outside"), null);
    await scene.stop();
    const outside = scene.cluster.requests
      .map(({ path }) => path)
      .filter((path) => !served.some((namespace) => path.includes(`/namespaces/${namespace}`)));
    assert.deepEqual(outside, []);
  });
}

test("a label selector serves what it fits, and what no longer fits is let go", async (context) => {
  const scene = await controllerScene(context, { keys: [key], args: ["--label-selector=serve=yes"] });
  const relabel = (labels: Record<string, string>) => {
    const object = scene.cluster.store.get("sealedsecrets.bitnami.com", "team", "db") ?? assert.fail();
    scene.cluster.store.put({ ...object, metadata: { ...object.metadata, labels } });
  };
  await scene.seal("db", { a: "1" });
  await scene.seal("other", { a: "1" });
  relabel({ serve: "yes" });
  await scene.untilSynced("db", { a: "1" });
  assert.equal(scene.items("other"), null);
  relabel({});
  await scene.until("let go", async () => !(await scene.metrics()).includes('name="db"'));
  assert.deepEqual(scene.items("db"), { a: "1" });
});

test("the cluster's identity is asked for, unless it is given or not to be asked for", async (context) => {
  const asked = async (args: string[]) => {
    const scene = await controllerScene(context, { keys: [key], args });
    await scene.seal("db", { a: "1" });
    await scene.untilSynced("db", { a: "1" });
    await scene.stop();
    assert.ok(!scene.lines.some((line) => line.includes("identity is unknown")));
    return scene.cluster.requests.filter(({ path }) => path === "/api/v1/namespaces/kube-system").length;
  };
  assert.equal(await asked([]), 1);
  assert.equal(await asked(["--cluster-id=mine"]), 0);
  assert.equal(await asked(["--cluster-id=none"]), 0);
});
