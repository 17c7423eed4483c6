import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type ControllerParts, startController } from "../../../controller/controller.ts";
import { readControllerOptions } from "../../../controller/options.ts";
import { UsageError } from "../../../shared/errors.ts";
import { KEY_LABEL } from "../../../shared/sealing-key-secret.ts";
import { keyArn, MemoryKms, serviceFault } from "../../support/memory-kms.ts";
import { pairSecret, sealedManifest, sealingPair } from "../sealing-key.ts";
import { type ControllerScene, controllerScene, type SceneOptions } from "./controller-scene.ts";

const KEY = `kms:${keyArn("one")}`;
const WRAP = [`--sealing-key-wrap=${KEY}`, "--cluster-id=here"];
const NEVER = () => assert.fail("nothing asks for it");
const own = await sealingPair();

function servicesOf(kms: MemoryKms): NonNullable<SceneOptions["keyServices"]> {
  return { kms: async () => kms, transit: NEVER, vault: NEVER, close: async () => undefined };
}
const wrappedIn = ({ cluster }: ControllerScene) =>
  cluster.store
    .list("secrets", "kube-system")
    .filter(({ metadata }) => metadata.labels?.[KEY_LABEL] === "wrapped");

test("while the key is not unwrapped, objects wait and what is in sync stays; then all is opened by itself", async (context) => {
  const kms = new MemoryKms("one");
  const first = await controllerScene(context, { args: WRAP, keyServices: servicesOf(kms) });
  const { cluster } = first;
  await first.seal("kept", { a: "1" });
  await first.untilSynced("kept", { a: "1" });
  const fresh = await first.seal("fresh", { b: "2" });
  await first.untilSynced("fresh", { b: "2" });
  await first.stop();
  const kept = cluster.store.get("secrets", "team", "kept");
  cluster.store.put({ ...fresh, metadata: { ...fresh.metadata, annotations: { note: "x" } } } as never);
  cluster.store.delete("secrets", "team", "fresh");
  const unwrapped = kms.count("Decrypt");
  kms.before = () => {
    throw serviceFault("unavailable", "AWS KMS does not answer");
  };
  const second = await controllerScene(context, { args: WRAP, keyServices: servicesOf(kms), on: cluster });
  const ready = await second.until("a condition", () => second.condition("fresh", "Reconciling"));
  assert.equal(ready.reason, "KeyServiceUnavailable");
  assert.match(
    ready.message ?? "",
    /no key at hand opens it, and sealing key \S+ is not unwrapped yet: AWS KMS does not answer/,
  );
  assert.equal(second.condition("fresh", "Stalled"), undefined);
  assert.equal(second.condition("kept", "Synced")?.status, "True");
  assert.deepEqual(await second.ask("/readyz"), {
    status: 503,
    text: "not ready: sealing keys not unwrapped yet\n",
  });
  assert.equal(wrappedIn(second).length, 1);
  kms.before = () => undefined;
  await second.untilSynced("fresh", { b: "2" });
  assert.equal((await second.ask("/readyz")).status, 200);
  assert.equal(
    cluster.store.get("secrets", "team", "kept")?.metadata.resourceVersion,
    kept?.metadata.resourceVersion,
  );
  assert.ok(kms.count("Decrypt") > unwrapped);
});

const UNTOLD = [`--sealing-key-wrap=kms:${keyArn("two")}`, "--cluster-id=here"];
const waits = [
  { fault: "unavailable", args: WRAP, reason: "KeyServiceUnavailable", condition: "Reconciling" },
  { fault: "credentials", args: WRAP, reason: "KeyServiceUnavailable", condition: "Reconciling" },
  { fault: "denied", args: WRAP, reason: "KeyServiceRefused", condition: "Stalled" },
  { fault: "unusable", args: WRAP, reason: "KeyServiceRefused", condition: "Stalled" },
  { fault: null, args: UNTOLD, reason: "KeyNotAllowed", condition: "Stalled" },
] as const;
for (const { fault, args, reason, condition } of waits) {
  test(`objects that no key at hand opens while a sealing key waits: ${fault ?? "no option names its wrapping key"}, ${reason}`, async (context) => {
    const kms = new MemoryKms("one", "two");
    const keyServices = servicesOf(kms);
    const first = await controllerScene(context, { args: WRAP, keyServices });
    const sealed = await first.seal("db", { a: "1" });
    await first.untilSynced("db", { a: "1" });
    await first.stop();
    first.cluster.store.put(sealed as never);
    first.cluster.store.delete("secrets", "team", "db");
    kms.before = ({ operation, key }) => {
      if (fault !== null && operation === "Decrypt" && key === keyArn("one")) throw serviceFault(fault);
    };
    const second = await controllerScene(context, { args, keyServices, on: first.cluster });
    const told = await second.until("a condition", () => {
      const found = second.condition("db", condition);
      return found?.reason === reason ? found : undefined;
    });
    assert.match(told.message ?? "", /no key at hand opens it, and sealing key \S+ is not unwrapped yet/);
    const page = await readFile(join(import.meta.dirname, "../../../docs/controller.md"), "utf8");
    const row = page.split("\n").find((line) => line.startsWith(`| \`${reason}\``)) ?? assert.fail(reason);
    assert.ok(row.includes("sealing key") && row.includes(condition), "the page says so");
  });
}

test("a value that was sealed for another key altogether is told as such, once no key waits", async (context) => {
  const kms = new MemoryKms("one");
  const scene = await controllerScene(context, { args: WRAP, keyServices: servicesOf(kms) });
  const stranger = await sealingPair();
  const place = { namespace: "team", name: "strange" };
  scene.cluster.store.put((await sealedManifest(stranger, place, { a: "1" })) as never);
  const synced = await scene.until("a condition", () => scene.condition("strange", "Stalled"));
  assert.equal(synced.reason, "UnsealFailed");
});

test("plain keys go on opening when wrapping is switched on, and a wrapped one seals", async (context) => {
  const kms = new MemoryKms("one");
  const keys = [pairSecret(own, "plain")];
  const scene = await controllerScene(context, { args: WRAP, keyServices: servicesOf(kms), keys });
  await scene.until("a wrapped key", () => wrappedIn(scene).length === 1);
  await scene.seal("one", { a: "1" });
  await scene.untilSynced("one", { a: "1" });
  const { text } = await scene.ask("/v1/cert.pem");
  assert.notEqual(text, own.certificatePem);
  scene.cluster.store.put(
    (await sealedManifest(own, { namespace: "team", name: "two" }, { b: "2" })) as never,
  );
  await scene.untilSynced("two", { b: "2" });
});

test("a cluster without an id is refused by name, at once or as soon as it is known", async (context) => {
  const kms = new MemoryKms("one");
  const named = /--sealing-key-wrap is given, and the cluster's id is not known/;
  const isRefused = (error: unknown) => error instanceof UsageError && named.test(error.message);
  const args = [`--sealing-key-wrap=${KEY}`];
  // Before anything of what a controller is given is touched.
  const options = readControllerOptions([...args, "--cluster-id=none"], {});
  await assert.rejects(startController(options, {} as ControllerParts), isRefused);
  const scene = await controllerScene(context, {
    args,
    keyServices: servicesOf(kms),
    prepare: (cluster) => {
      cluster.faults.add({ method: "GET", path: /\/namespaces\/kube-system$/, status: 403 });
    },
  });
  await assert.rejects(scene.controller.failed, isRefused);
  assert.deepEqual([wrappedIn(scene), scene.keySecrets(), kms.calls], [[], [], []]);
});
