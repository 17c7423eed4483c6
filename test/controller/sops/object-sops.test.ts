import assert from "node:assert/strict";
import { test } from "node:test";
import { ObjectKeyServices } from "../../../controller/key-services/object-key-services.ts";
import { openLog } from "../../../controller/log.ts";
import { readControllerOptions } from "../../../controller/options.ts";
import { ObjectSops } from "../../../controller/sops/object-sops.ts";
import { toBase64, utf8 } from "../../../shared/bytes.ts";
import { wrapForAge } from "../../../shared/document/sops/keys/age-entry.ts";
import { readAgeIdentities } from "../../../shared/document/sops/keys/age-identities.ts";
import type { SopsKeyEntry } from "../../../shared/document/sops/metadata.ts";
import { KeyServiceError } from "../../../shared/seal/key-service-error.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { KMS_KEY, OTHER_KMS_KEY, RemoteKeys } from "../key-services/remote-scene.ts";
import { testIdentity } from "./identity-secrets.ts";
import { SOPS_PERMITTED, VAULT_ADDRESS } from "./sops-scene.ts";

const signal = new AbortController().signal;
const share = Uint8Array.from({ length: 32 }, (_, at) => at + 1);
const identity = await testIdentity();
const identities = await readAgeIdentities(utf8(identity.text), "", null);
const PLACE = { "signet-namespace": "team" };

function kms(keys: RemoteKeys, more: Partial<Extract<SopsKeyEntry, { type: "kms" }>> = {}): SopsKeyEntry {
  const context = more.context ?? PLACE;
  const { blob } = keys.kms.wrap(KMS_KEY, share, context);
  return {
    ...{ type: "kms", arn: KMS_KEY, role: "", awsProfile: "", createdAt: "", enc: toBase64(blob) },
    ...{ ...more, context },
  } as SopsKeyEntry;
}
async function vault(keys: RemoteKeys, more: object = {}): Promise<SopsKeyEntry> {
  const enc = await keys.transit.encryptUnbound({ mount: "transit", key: "team" }, share, signal);
  keys.forgetCalls();
  const entry = { vaultAddress: VAULT_ADDRESS, enginePath: "transit", keyName: "team", createdAt: "", enc };
  return { type: "hc_vault", ...entry, ...more } as SopsKeyEntry;
}

/** What opens documents of team, with these options. */
function sopsWith(args: readonly string[], keys = new RemoteKeys(), hasListed = true) {
  const options = readControllerOptions(args, {});
  const log = openLog(
    { level: "ERROR", format: "text", infoToStdout: true },
    { out: () => {}, err: () => {} },
  );
  const metrics = { watchKeyServiceGates: () => undefined, countKeyServiceWait: () => undefined };
  const keyServices = new ObjectKeyServices(options, {
    ...{ connections: keys.connections, clock: new FakeClock(), log, metrics },
  });
  const sops = new ObjectSops(options, {
    keyServices,
    identities: {
      hasListed,
      identitiesFor: (namespace) => (namespace === "team" ? identities : { identities: [], problems: [] }),
    },
  });
  const unwrap = async (entry: SopsKeyEntry, namespace = "team") =>
    sops.unwrapperFor(namespace).unwrap(entry, signal);
  return { keys, sops, keyServices, unwrap };
}
async function refusal(answer: ReturnType<ReturnType<typeof sopsWith>["unwrap"]>): Promise<KeyServiceError> {
  const unwrapped = await answer;
  assert.ok("problem" in unwrapped, "it opened");
  assert.ok(unwrapped.problem instanceof KeyServiceError, unwrapped.problem.message);
  return unwrapped.problem;
}

test("entries of each service open under the options that allow them, with one call", async () => {
  const { keys, unwrap } = sopsWith(SOPS_PERMITTED);
  assert.deepEqual(await unwrap(await vault(keys)), { share });
  assert.deepEqual(await unwrap(kms(keys)), { share });
  assert.deepEqual(await unwrap(await wrapForAge(identity.recipient, share)), { share });
  assert.deepEqual([keys.kms.calls.length, keys.transit.calls.length], [1, 1]);
});

test("an age identity opens for the namespaces that it serves", async () => {
  const { unwrap } = sopsWith([]);
  const answer = await unwrap(await wrapForAge(identity.recipient, share), "other");
  assert.ok("problem" in answer);
  assert.match(answer.problem.hint, /name other in its annotation signet\.dev\/age-namespaces/);
});

test("what no option allows is refused without a call: key, role, profile, pair, address", async () => {
  const { keys, unwrap } = sopsWith(SOPS_PERMITTED);
  const role = "arn:aws:iam::123456789012:role/admin";
  for (const [entry, words] of [
    [kms(keys, { arn: OTHER_KMS_KEY }), /KMS key/],
    [kms(keys, { role }), /role/],
    [kms(keys, { awsProfile: "admin" }), /profile/],
    [kms(keys, { context: { ...PLACE, team: "red" } }), /context pair team/],
    [await vault(keys, { keyName: "app" }), /Vault key transit\/app/],
    [await vault(keys, { vaultAddress: "https://evil.example" }), /evil\.example/],
  ] as const) {
    const problem = await refusal(unwrap(entry));
    assert.equal(problem.fault, "not-allowed");
    assert.match(problem.message, words);
  }
  assert.deepEqual([...keys.kms.calls, ...keys.transit.calls], []);
});

test("lists go by the namespace of the object", async () => {
  const args = [
    ...SOPS_PERMITTED,
    "--kms-allowed-contexts=team={namespace}",
    "--vault-allowed-keys=transit/{namespace}",
  ];
  const { keys, unwrap } = sopsWith(args);
  const pair = kms(keys, { context: { ...PLACE, team: "team" } });
  const own = await vault(keys);
  for (const entry of [pair, own]) {
    assert.deepEqual(await unwrap(entry), { share });
    assert.equal((await refusal(unwrap(entry, "other"))).fault, "not-allowed");
  }
});

test("without --vault-addr no Vault is asked, whatever a document names", async () => {
  const { keys, unwrap } = sopsWith([`--kms-allowed-keys=${KMS_KEY}`]);
  const answer = await unwrap(await vault(keys));
  assert.match("problem" in answer ? answer.problem.message : "", /Vault is not set up here/);
  assert.deepEqual(keys.connected, { kms: 0, transit: 0, closed: 0 });
});

test("until identities were listed, one that is missing is no verdict", async () => {
  const { unwrap } = sopsWith([], new RemoteKeys(), false);
  const stranger = await wrapForAge((await testIdentity()).recipient, share);
  const problem = await refusal(unwrap(stranger));
  assert.deepEqual([problem.fault, problem.retryable], ["unavailable", true]);
  assert.deepEqual(await unwrap(await wrapForAge(identity.recipient, share)), { share });
});

test("calls count against the budget of the namespace, and those beyond it wait", async () => {
  const { keys, unwrap } = sopsWith(SOPS_PERMITTED);
  for (let at = 0; at < 1000; at++) await unwrap(kms(keys));
  const problem = await refusal(unwrap(kms(keys)));
  assert.equal(problem.fault, "throttled");
  assert.equal(keys.kms.calls.length, 1000);
});

test("data keys are kept with those of other values, and wiped with them", async () => {
  const { keys, keyServices, unwrap } = sopsWith(SOPS_PERMITTED);
  const entry = kms(keys);
  await unwrap(entry);
  assert.equal(keyServices.keptDataKeys, 1);
  keyServices.wipe();
  assert.equal(keyServices.keptDataKeys, 0);
  await unwrap(entry);
  assert.equal(keys.kms.calls.length, 2);
});
