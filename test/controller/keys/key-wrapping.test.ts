import assert from "node:assert/strict";
import { test } from "node:test";
import {
  keyWrapping,
  requireClusterToWrap,
  type WrappingOptions,
} from "../../../controller/keys/key-wrapping.ts";
import { utf8 } from "../../../shared/bytes.ts";
import { UsageError } from "../../../shared/errors.ts";
import { KeyServiceError } from "../../../shared/seal/key-service-error.ts";
import { keyArn, MemoryKms } from "../../support/memory-kms.ts";
import { MemoryTransit } from "../../support/memory-transit.ts";

const ONE = `kms:${keyArn("one")}`;
const TWO = `kms:${keyArn("two")}`;
const VAULT = "vault:transit/sealing";
const { signal } = new AbortController();
const place = { namespace: "kube-system", name: "key", fingerprint: "SHA256:abc", certificate: "0123" };
const PEM = utf8("a private key");

function scene() {
  const kms = new MemoryKms("one", "two");
  const transit = new MemoryTransit();
  transit.createKey("transit/sealing", "context");
  const connected: string[] = [];
  const wrapping = (options: Partial<WrappingOptions>, clusterId: string | null = "c1") =>
    keyWrapping(
      { "sealing-key-wrap": "", "sealing-key-unwrap": [], ...options },
      {
        services: {
          kms: async () => {
            connected.push("kms");
            return kms;
          },
          transit: async () => {
            connected.push("vault");
            return transit;
          },
        },
        clusterId: () => clusterId,
        monotonic: () => 0,
      },
    );
  return { kms, transit, connected, wrapping };
}
const text = (answer: { pem: Uint8Array } | { refused: string }) =>
  "pem" in answer ? Buffer.from(answer.pem).toString() : answer.refused;

for (const by of [ONE, VAULT]) {
  test(`what ${by} wraps it unwraps, for whoever names it in either option; no other service is connected`, async () => {
    const { connected, wrapping } = scene();
    const wraps = wrapping({ "sealing-key-wrap": by });
    assert.equal(wraps.wraps, true);
    const wrapped = await wraps.wrap(PEM, place, signal);
    assert.equal(wrapped.by, by);
    assert.equal(text(await wraps.unwrap(wrapped.text, place, signal)), "a private key");
    const unwraps = wrapping({ "sealing-key-wrap": TWO, "sealing-key-unwrap": [by] });
    assert.equal(text(await unwraps.unwrap(wrapped.text, place, signal)), "a private key");
    assert.deepEqual([...new Set(connected)], [by === ONE ? "kms" : "vault"]);
    assert.equal(Buffer.from(PEM).toString(), "a private key", "the caller's own to wipe");
  });
}

test("a key that no option names is not asked for, nor is its service connected", async () => {
  const { kms, connected, wrapping } = scene();
  const { text: wrapped } = await wrapping({ "sealing-key-wrap": ONE }).wrap(PEM, place, signal);
  const calls = kms.calls.length;
  connected.length = 0;
  for (const options of [{}, { "sealing-key-wrap": TWO }, { "sealing-key-unwrap": [VAULT, TWO] }]) {
    await assert.rejects(wrapping(options).unwrap(wrapped, place, signal), (error) => {
      assert.ok(error instanceof KeyServiceError);
      assert.equal(error.fault, "not-allowed");
      assert.ok(error.message.includes(`wrapped by ${ONE}, which neither`), error.message);
      assert.ok(error.hint.includes(`--sealing-key-unwrap=${ONE}`));
      return true;
    });
  }
  assert.deepEqual([kms.calls.length, connected], [calls, []]);
});

test("a text for another cluster, Secret or certificate is refused in words, and so is what is none", async () => {
  const { wrapping } = scene();
  const { text: wrapped } = await wrapping({ "sealing-key-wrap": ONE }).wrap(PEM, place, signal);
  const unwrap = (over: object, clusterId = "c1", what = wrapped) =>
    wrapping({ "sealing-key-wrap": ONE }, clusterId).unwrap(what, { ...place, ...over }, signal);
  for (const refused of [
    await unwrap({}, "c2"),
    await unwrap({ name: "other" }),
    await unwrap({ namespace: "other" }),
    await unwrap({ fingerprint: "SHA256:xyz" }),
  ])
    assert.match(text(refused), /damaged, or wrapped for another cluster, Secret or certificate/);
  assert.match(
    text(await unwrap({}, "c1", "kms-key:1:x")),
    /not a wrapped sealing key: it was cut or edited/,
  );
  assert.match(text(await unwrap({}, "c1", "kms-key:2:x")), /format kms-key:2 are not opened/);
});

test("without a known cluster nothing is wrapped or unwrapped, and the options that would are refused", async () => {
  const { wrapping, kms } = scene();
  await assert.rejects(wrapping({ "sealing-key-wrap": ONE }, null).wrap(PEM, place, signal), {
    code: "unknown-cluster",
  });
  assert.equal(kms.calls.length, 0);
  const none = { "sealing-key-wrap": "", "sealing-key-unwrap": [] };
  requireClusterToWrap(none, null);
  requireClusterToWrap({ ...none, "sealing-key-wrap": ONE }, "c1");
  for (const [options, named] of [
    [{ ...none, "sealing-key-wrap": ONE }, /--sealing-key-wrap is given, and the cluster's id is not known/],
    [{ ...none, "sealing-key-unwrap": [ONE] }, /--sealing-key-unwrap is given/],
  ] as const) {
    assert.throws(
      () => requireClusterToWrap(options, null),
      (error) => error instanceof UsageError && named.test(error.message),
    );
  }
});
