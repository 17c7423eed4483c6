import assert from "node:assert/strict";
import { test } from "node:test";
import { SealedSecretBodies } from "../../controller/sealed-secret-bodies.ts";
import type { KubeObject } from "../../shared/kube/client.ts";

const body = (resourceVersion: string, characters = 10): KubeObject => ({
  metadata: { name: "db", resourceVersion },
  spec: { encryptedData: { item: "x".repeat(characters) } },
});

test("an object is handed out once, and only in the version asked for", () => {
  const bodies = new SealedSecretBodies();
  const first = body("1");
  bodies.put("a/db", first);
  assert.equal(bodies.take("a/db", "1"), first);
  assert.equal(bodies.take("a/db", "1"), null);
  bodies.put("a/db", first);
  assert.equal(bodies.take("a/db", "2"), null, "a newer one is to be read");
  assert.equal(bodies.take("a/db", "1"), null);
  bodies.put("a/db", first);
  bodies.put("a/db", body("2"));
  assert.equal(bodies.take("a/db", "2")?.metadata.resourceVersion, "2");
});

test("what does not fit is not kept, and room comes back with what is taken, dropped or replaced", () => {
  const bodies = new SealedSecretBodies(10_000);
  bodies.put("a", body("1", 4000));
  bodies.put("b", body("1", 4000));
  assert.equal(bodies.take("b", "1"), null, "no room for a second one");
  bodies.put("a", body("2", 4000));
  bodies.drop("a");
  bodies.put("b", body("1", 8000));
  assert.notEqual(bodies.take("b", "1"), null);
  for (let round = 0; round < 100; round++) {
    bodies.put("c", body("1", 8000));
    if (round % 2 === 0) bodies.drop("c");
    else bodies.clear();
  }
  bodies.put("c", body("1", 8000));
  assert.notEqual(bodies.take("c", "1"), null);
});

test("an object that fits nowhere takes the place of its earlier version all the same", () => {
  const bodies = new SealedSecretBodies(5000);
  bodies.put("a", body("1"));
  bodies.put("a", body("2", 9000));
  assert.equal(bodies.take("a", "1"), null);
  assert.equal(bodies.take("a", "2"), null);
});

test("an object that is nested ten thousand levels deep is kept, and counts", () => {
  const deep: unknown = JSON.parse(`${'{"ab":'.repeat(9990)}"end"${"}".repeat(9990)}`);
  const object: KubeObject = { metadata: { name: "db", resourceVersion: "1" }, spec: { template: deep } };
  const roomy = new SealedSecretBodies(1024 + "template".length + 2 * 9990 + "end".length);
  roomy.put("a", object);
  assert.equal(roomy.take("a", "1"), object);
  const narrow = new SealedSecretBodies(1024 + "template".length + 2 * 9990 + "end".length - 1);
  narrow.put("a", object);
  assert.equal(narrow.take("a", "1"), null);
});
