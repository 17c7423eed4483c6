import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AddedFault, Fault } from "../../embedded-cluster/faults.ts";
import { Canaries } from "../../support/canary.ts";
import { pairSecret, sealingPair } from "../sealing-key.ts";
import { controllerScene, guardKeys } from "./controller-scene.ts";

/*
 * One fault at each kind of request that the controller makes. Whatever it is, in the end the Secret and its status
 * are right, there is one sealing key, and on the way no Secret was deleted or emptied.
 */

const key = pairSecret(await sealingPair(), "sealed-secrets-key1");
const notWatching = /^(?!.*watch=)/;
const kinds: {
  name: string;
  at: Pick<Fault, "method" | "path" | "query">;
  writes?: boolean;
  ownKey?: boolean;
}[] = [
  { name: "list of SealedSecrets", at: { method: "GET", path: /\/sealedsecrets$/, query: notWatching } },
  { name: "watch of SealedSecrets", at: { method: "GET", path: /\/sealedsecrets$/, query: /watch=/ } },
  { name: "read of the Secret", at: { method: "GET", path: /\/team\/secrets\/db$/ } },
  { name: "creation of the Secret", at: { method: "POST", path: /\/team\/secrets$/ }, writes: true },
  { name: "update of the Secret", at: { method: "PUT", path: /\/team\/secrets\/db$/ }, writes: true },
  { name: "write of the status", at: { method: "PUT", path: /\/db\/status$/ }, writes: true },
  { name: "creation of an event", at: { method: "POST", path: /\/events$/ }, writes: true },
  { name: "list of Secrets", at: { method: "GET", path: /^\/api\/v1\/secrets$/, query: notWatching } },
  { name: "watch of Secrets", at: { method: "GET", path: /^\/api\/v1\/secrets$/, query: /watch=/ } },
  { name: "list of key Secrets", at: { method: "GET", path: /\/kube-system\/secrets$/, query: notWatching } },
  { name: "watch of key Secrets", at: { method: "GET", path: /\/kube-system\/secrets$/, query: /watch=/ } },
  { name: "creation of a key Secret", at: { method: "POST", path: /\/kube-system\/secrets$/ }, ownKey: true },
  { name: "creation of the ConfigMap", at: { method: "POST", path: /\/configmaps$/ }, writes: true },
  { name: "identity of the cluster", at: { method: "GET", path: /\/namespaces\/kube-system$/ } },
];
const effects: { name: string; effect: Partial<Fault>; writes?: boolean }[] = [
  { name: "500", effect: { status: 500, times: 2 } },
  { name: "503 with Retry-After", effect: { status: 503, retryAfterSeconds: 1, times: 1 } },
  { name: "429 with Retry-After", effect: { status: 429, retryAfterSeconds: 1, times: 1 } },
  { name: "403", effect: { status: 403, times: 1 } },
  { name: "no JSON", effect: { status: 200, body: "<html>log in first</html>", times: 1 } },
  { name: "reset", effect: { effect: "reset", times: 2 } },
  { name: "hang", effect: { effect: "hang", times: 1 } },
  { name: "reset once it was served", effect: { effect: "reset", afterServing: true, times: 1 } },
  { name: "500 once it was served", effect: { status: 500, afterServing: true, times: 1 } },
  { name: "conflict", effect: { status: 409, times: 2 }, writes: true },
];

// Side by side: most of it is waiting.
describe("a fault at each kind of request", { concurrency: 4 }, () => {
  for (const { name, at, writes = false, ownKey = false } of kinds) {
    for (const { name: what, effect, writes: onlyWrites = false } of effects) {
      if (onlyWrites && !writes) continue;
      test(`${name}: ${what}`, async (context) => {
        const canaries = new Canaries();
        const [first, second] = [canaries.text("first value"), canaries.text("second value")];
        let fault: AddedFault | null = null;
        const scene = await controllerScene(context, {
          keys: ownKey ? [] : [key],
          // What hangs is given up and asked for again.
          ...(what === "hang" ? { requestTimeoutMs: 1500 } : {}),
          prepare: (cluster) => {
            fault = cluster.faults.add({ ...at, ...effect });
          },
        });
        await scene.seal("db", { password: first });
        await scene.untilSynced("db", { password: first });
        await scene.seal("db", { password: second });
        await scene.untilSynced("db", { password: second });
        await scene.until("the ConfigMap", () =>
          scene.cluster.store.get("configmaps", "kube-system", "sealed-secrets-certificate"),
        );
        assert.ok((fault as AddedFault | null)?.struck, "the fault struck");
        assert.equal(scene.keySecrets().length, 1, "one sealing key");
        const writesOfOurs = scene.secretWrites.filter(({ path }) => path.includes("/team/"));
        assert.deepEqual([...new Set(writesOfOurs.map(({ items }) => items.join()))], ["password"]);
        assert.deepEqual(
          scene.secretWrites.filter(({ method }) => !["POST", "PUT"].includes(method)),
          [],
        );
        if (what === "conflict") {
          const warnings = scene.events().filter(({ type }) => type === "Warning");
          assert.deepEqual(warnings, [], "somebody was faster, which is no failure");
        }
        guardKeys(canaries, scene);
        await scene.stop();
        canaries.assertSilent(await scene.evidence());
      });
    }
  }
});
