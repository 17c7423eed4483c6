import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { KeyServiceError } from "../../../shared/seal/key-service-error.ts";
import { RemoteValueError } from "../../../shared/seal/remote-value-error.ts";
import { renewVaultValues } from "../../../shared/seal/vault-renewal.ts";
import { keyVersionOf, readVaultValue } from "../../../shared/seal/vault-value.ts";
import { serviceFault } from "../../support/memory-kms.ts";
import { MemoryTransit } from "../../support/memory-transit.ts";
import { here, sealedText, signal, vaultCodec } from "../../support/remote-values.ts";

const all = () => true;
const opened = { a: "opened 1", b: "opened 2" };

/** Two values, their key rotated since, and a Vault that has been asked nothing since. */
async function scene(binding: "context" | "associated-data") {
  const transit = new MemoryTransit();
  const name = transit.createKey("transit/app", binding);
  const codec = vaultCodec(transit, name);
  const values = await codec.seal({ a: "1", b: "2" });
  transit.rotate("transit/app");
  transit.calls.length = 0;
  const spelled = () =>
    transit.calls.map(({ operation, key, values: many }) => `${operation} ${key} ${many}`);
  return { transit, name, codec, values, spelled };
}

function versions(values: ReadonlyMap<string, string>): number[] {
  return [...values.keys()].map((item) =>
    keyVersionOf(readVaultValue(item, sealedText(values, item)).ciphertext),
  );
}

suite("bringing values under the newest version of their key", () => {
  for (const same of [true, false]) {
    test(`a derived key ${same ? "named again" : "left as it is"}: rewrapped inside Vault, in one call`, async () => {
      const { transit, name, codec, values, spelled } = await scene("context");
      const renewed = await renewVaultValues(
        transit,
        values,
        here,
        { to: same ? name : null, allowed: all },
        signal,
      );
      assert.deepEqual(spelled(), ["describeKey transit/app 0", "rewrap transit/app 2"]);
      assert.deepEqual(versions(renewed), [2, 2]);
      assert.deepEqual(await codec.open(renewed), opened);
    });
  }

  test("a key with associated data: decrypted with its proof, and encrypted, in a call each", async () => {
    const { transit, codec, values, spelled } = await scene("associated-data");
    const renewed = await renewVaultValues(transit, values, here, { to: null, allowed: all }, signal);
    assert.deepEqual(spelled(), [
      "describeKey transit/app 0",
      "decrypt transit/app 3",
      "encrypt transit/app 2",
    ]);
    assert.deepEqual(versions(renewed), [2, 2]);
    assert.deepEqual(await codec.open(renewed), opened);
  });

  for (const [from, onto] of [
    ["context", "context"],
    ["context", "associated-data"],
    ["associated-data", "context"],
  ] as const) {
    test(`from a key of ${from} onto another of ${onto}`, async () => {
      const { transit, codec, values } = await scene(from);
      const to = transit.createKey("transit/new", onto);
      const renewed = await renewVaultValues(transit, values, here, { to, allowed: all }, signal);
      assert.deepEqual(readVaultValue("a", sealedText(renewed, "a")).name, to);
      assert.deepEqual([...renewed.keys()], ["a", "b"]);
      assert.deepEqual(await codec.open(renewed), opened);
    });
  }

  test("onto a key that opens values elsewhere: refused", async () => {
    const { transit, values } = await scene("context");
    const to = transit.createKey("transit/new", "associated-data", { ignoresPlace: true });
    await assert.rejects(
      renewVaultValues(transit, values, here, { to, allowed: all }, signal),
      (error) => error instanceof KeyServiceError && error.fault === "unusable",
    );
  });

  test("a key that no list allows is refused before any call; where it goes is the user's own word", async () => {
    const { transit, values } = await scene("context");
    const to = transit.createKey("transit/new", "context");
    const allowed = (key: string) => key === "transit/app";
    await assert.rejects(
      renewVaultValues(transit, values, here, { to, allowed: (key) => !allowed(key) }, signal),
      (error) => error instanceof KeyServiceError && error.fault === "not-allowed",
    );
    assert.deepEqual(transit.calls, []);
    await renewVaultValues(transit, values, here, { to, allowed }, signal);
  });

  for (const binding of ["context", "associated-data"] as const) {
    test(`${binding}: a value of another place is refused`, async () => {
      const { transit, values } = await scene(binding);
      const elsewhere = { ...here, clusterId: "another" };
      await assert.rejects(
        renewVaultValues(transit, values, elsewhere, { to: null, allowed: all }, signal),
        (error) => error instanceof RemoteValueError && error.problem === "not-authentic",
      );
    });

    test(`${binding}: nothing comes of it when the last call fails`, async () => {
      const { transit, values } = await scene(binding);
      const fault = serviceFault("unavailable");
      transit.before = ({ operation }) => {
        if (operation === "rewrap" || operation === "encrypt") throw fault;
      };
      await assert.rejects(
        renewVaultValues(transit, values, here, { to: null, allowed: all }, signal),
        fault,
      );
    });
  }

  test("a version that Vault no longer decrypts with is told as that", async () => {
    const { transit, values } = await scene("associated-data");
    transit.setMinDecryptionVersion("transit/app", 2);
    await assert.rejects(
      renewVaultValues(transit, values, here, { to: null, allowed: all }, signal),
      (error) => error instanceof RemoteValueError && error.problem === "too-old",
    );
  });

  test("an answer that is no ciphertext is not written down", async () => {
    const { transit, values } = await scene("context");
    transit.rewrap = async () => ["vault:v2:AAAA", "plain"];
    await assert.rejects(renewVaultValues(transit, values, here, { to: null, allowed: all }, signal));
  });

  test("what is no value is refused before any call; no items, no call", async () => {
    const { transit, values } = await scene("context");
    await assert.rejects(
      renewVaultValues(
        transit,
        new Map([...values, ["c", "vault:1:x"]]),
        here,
        { to: null, allowed: all },
        signal,
      ),
      (error) => error instanceof RemoteValueError && error.problem === "malformed",
    );
    const none = await renewVaultValues(
      transit,
      new Map(),
      { ...here, clusterId: null },
      { to: null, allowed: all },
      signal,
    );
    assert.deepEqual([none.size, transit.calls.length], [0, 0]);
  });
});
