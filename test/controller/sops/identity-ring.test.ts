import assert from "node:assert/strict";
import { test } from "node:test";
import { IdentityRing } from "../../../controller/sops/identity-ring.ts";
import { IdentitySecret } from "../../../controller/sops/identity-secret.ts";
import { judgeIdentities } from "../../../controller/sops/judge-identities.ts";
import { identitySecret, type TestIdentity, testIdentity } from "./identity-secrets.ts";

const [one, two] = await Promise.all([testIdentity(), testIdentity()]);

async function put(
  ring: IdentityRing,
  name: string,
  serves: string,
  ...held: TestIdentity[]
): Promise<boolean> {
  const secret = identitySecret(Object.fromEntries(held.map(({ text }, at) => [`k${at}`, text])), { serves });
  return (await ring.put(name, await judgeIdentities(new IdentitySecret(secret)))).added;
}
async function served(ring: IdentityRing, namespace: string): Promise<string[]> {
  const { identities } = ring.identitiesFor(namespace);
  return (await Promise.all(identities.map((identity) => identity.recipient()))).sort();
}

test("each namespace is served by the identities that name it, each once", async () => {
  const ring = new IdentityRing();
  await put(ring, "a", "team", one);
  await put(ring, "b", "*", two);
  await put(ring, "c", "team,other", one, two);
  assert.deepEqual(await served(ring, "team"), [one.recipient, two.recipient].sort());
  assert.deepEqual(await served(ring, "third"), [two.recipient]);
  assert.deepEqual(await served(ring, ""), []);
  assert.equal(ring.size, 2);
});

test("only what serves somebody it did not serve before is told as added", async () => {
  const ring = new IdentityRing();
  assert.equal(await put(ring, "a", "team", one), true);
  assert.equal(await put(ring, "a", "team", one), false);
  assert.equal(await put(ring, "b", "team", one), false);
  assert.equal(await put(ring, "a", "team,other", one), true);
  assert.equal(await put(ring, "a", "other", one), false);
  assert.equal(await put(ring, "a", "other", one, two), true);
  assert.equal(await put(ring, "a", "*", one, two), true);
  assert.equal(await put(ring, "a", "", one), false);
  assert.equal(await put(ring, "a", "*", one), true);
});

test("a version that is refused takes its earlier one out; a good one, or the end of the Secret, ends the refusal", async () => {
  const ring = new IdentityRing();
  await put(ring, "a", "team", one);
  await put(ring, "a", "", one);
  assert.deepEqual([await served(ring, "team"), ring.size], [[], 0]);
  assert.match(ring.refused.get("a") ?? "", /serves no namespace/);
  await put(ring, "a", "team", one);
  assert.deepEqual([...ring.refused], []);
  await put(ring, "b", "", two);
  ring.remove("a");
  ring.remove("b");
  assert.deepEqual([await served(ring, "team"), [...ring.refused], ring.size], [[], [], 0]);
});
