import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { KeyServiceError } from "../../../shared/seal/key-service-error.ts";
import { renewKmsValues } from "../../../shared/seal/kms-renewal.ts";
import { readKmsValue } from "../../../shared/seal/kms-value.ts";
import { RemoteValueError } from "../../../shared/seal/remote-value-error.ts";
import { aliasArn, keyArn, MemoryKms, serviceFault } from "../../support/memory-kms.ts";
import { here, kmsCodec, sealedText, signal } from "../../support/remote-values.ts";

const all = () => true;

/** An object of three items from two sealings, and a KMS that has been asked nothing since. */
async function scene() {
  const kms = new MemoryKms("k", "new");
  kms.setAlias("db", "k");
  const codec = kmsCodec(kms, "k");
  const values = new Map([...(await codec.seal({ a: "1", b: "2" })), ...(await codec.seal({ c: "3" }))]);
  kms.calls.length = 0;
  const parts = (texts: ReadonlyMap<string, string>) =>
    [...values.keys()].map((item) => readKmsValue(item, sealedText(texts, item)));
  return { kms, codec, values, parts };
}

suite("wrapping data keys anew", () => {
  test("onto the same key: one call for each, under its newest material, the sealed part untouched", async () => {
    const { kms, codec, values, parts } = await scene();
    kms.rotate("k");
    const renewed = await renewKmsValues(kms, values, here, { to: null, allowed: all }, signal);
    assert.deepEqual(
      kms.calls.map(({ operation, key, to }) => [operation, key, to]),
      [
        ["ReEncrypt", keyArn("k"), keyArn("k")],
        ["ReEncrypt", keyArn("k"), keyArn("k")],
      ],
    );
    for (const [at, { wrapped, sealed }] of parts(renewed).entries()) {
      assert.equal(kms.versionOf(wrapped.blob), 2);
      assert.deepEqual(sealed, parts(values)[at]?.sealed);
    }
    assert.deepEqual([...renewed.keys()], ["a", "b", "c"]);
    assert.deepEqual(await codec.open(renewed), { a: "opened 1", b: "opened 2", c: "opened 3" });
  });

  const targets: [to: string, written: string][] = [
    ["new", keyArn("new")],
    [keyArn("new"), keyArn("new")],
    ["alias/db", keyArn("k")],
    [aliasArn("db"), aliasArn("db")],
  ];
  for (const [to, written] of targets) {
    test(`onto ${to}: values name ${written}`, async () => {
      const { kms, codec, values, parts } = await scene();
      const renewed = await renewKmsValues(kms, values, here, { to, allowed: all }, signal);
      assert.deepEqual(new Set(parts(renewed).map(({ wrapped }) => wrapped.key)), new Set([written]));
      assert.deepEqual(await codec.open(renewed), { a: "opened 1", b: "opened 2", c: "opened 3" });
    });
  }

  test("a value that names its key by an alias keeps that", async () => {
    const { kms, parts } = await scene();
    const values = await kmsCodec(kms, aliasArn("db")).seal({ a: "1", b: "2", c: "3" });
    const renewed = await renewKmsValues(kms, values, here, { to: null, allowed: all }, signal);
    assert.deepEqual(new Set(parts(renewed).map(({ wrapped }) => wrapped.key)), new Set([aliasArn("db")]));
  });

  test("a key that no list allows is refused before any call; where it goes is the user's own word", async () => {
    const { kms, values } = await scene();
    const allowed = (key: string) => key !== keyArn("k");
    await assert.rejects(
      renewKmsValues(kms, values, here, { to: "new", allowed }, signal),
      (error) => error instanceof KeyServiceError && error.fault === "not-allowed",
    );
    assert.deepEqual(kms.calls, []);
    await renewKmsValues(kms, values, here, { to: "new", allowed: (key) => !allowed(key) }, signal);
  });

  test("a value of another place is refused", async () => {
    const { kms, values } = await scene();
    await assert.rejects(
      renewKmsValues(kms, values, { ...here, clusterId: "another" }, { to: "new", allowed: all }, signal),
      (error) => error instanceof RemoteValueError && error.problem === "not-authentic",
    );
  });

  test("what is no value is refused before any call", async () => {
    const { kms, values } = await scene();
    await assert.rejects(
      renewKmsValues(kms, new Map([...values, ["d", "kms:2:x"]]), here, { to: "new", allowed: all }, signal),
      (error) => error instanceof RemoteValueError && error.problem === "version",
    );
    assert.deepEqual(kms.calls, []);
  });

  test("nothing comes of it when one call fails", async () => {
    const { kms, values } = await scene();
    const fault = serviceFault("unavailable");
    kms.before = () => {
      if (kms.calls.length === 2) throw fault;
    };
    await assert.rejects(renewKmsValues(kms, values, here, { to: null, allowed: all }, signal), fault);
  });

  test("no items, no call, and no cluster needed", async () => {
    const { kms } = await scene();
    const renewed = await renewKmsValues(
      kms,
      new Map(),
      { ...here, clusterId: null },
      { to: null, allowed: all },
      signal,
    );
    assert.deepEqual([renewed.size, kms.calls.length], [0, 0]);
  });
});
