import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { InputError } from "../../../shared/errors.ts";
import { KeyServiceError } from "../../../shared/seal/key-service-error.ts";
import { VaultKeyProofs } from "../../../shared/seal/vault-key-proofs.ts";
import { vaultSealer } from "../../../shared/seal/vault-sealer.ts";
import { serviceFault } from "../../support/memory-kms.ts";
import { MemoryTransit } from "../../support/memory-transit.ts";
import { here, plain, sealedText, signal, vaultCodec } from "../../support/remote-values.ts";

const KEY = "teams/transit/app";

for (const binding of ["context", "associated-data"] as const) {
  suite(`sealing under a Vault key that binds by ${binding}`, () => {
    test("all items of an object take one call; for the first object, the key is described and proven", async () => {
      const transit = new MemoryTransit();
      const name = transit.createKey(KEY, binding);
      const sealer = vaultSealer(transit, name);
      const sealed = await sealer.sealAll(plain({ a: "1", b: "2", c: "" }), here);
      const spelled = () =>
        transit.calls.map(({ operation, key, values }) => `${operation} ${key} ${values}`);
      assert.deepEqual(spelled(), [`describeKey ${KEY} 0`, `encrypt ${KEY} 3`, `decrypt ${KEY} 1`]);
      transit.calls.length = 0;
      await sealer.sealAll(plain({ d: "1", e: "2" }), here);
      assert.deepEqual(spelled(), [`encrypt ${KEY} 2`]);
      assert.match(sealedText(sealed, "a"), /^vault:1:teams\/transit\/app:vault:v1:[A-Za-z0-9+/]+=*$/);
      assert.deepEqual(await vaultCodec(transit, name).open(sealed), {
        a: "opened 1",
        b: "opened 2",
        c: "opened ",
      });
    });

    test("nothing is given out under a key that opens values elsewhere", async () => {
      const transit = new MemoryTransit();
      const name = transit.createKey(KEY, binding, { ignoresPlace: true });
      await assert.rejects(vaultSealer(transit, name).sealAll(plain({ a: "x" }), here), isRefusal);
    });

    test("whoever may not decrypt seals as the key is described", async () => {
      const transit = new MemoryTransit();
      const name = transit.createKey(KEY, binding);
      transit.before = ({ operation }) => {
        if (operation === "decrypt") throw serviceFault("denied");
      };
      assert.equal((await vaultSealer(transit, name).sealAll(plain({ a: "x" }), here)).size, 1);
    });

    test("a proof that could not be made is none", async () => {
      const transit = new MemoryTransit();
      const name = transit.createKey(KEY, binding);
      const fault = serviceFault("unavailable");
      transit.before = ({ operation }) => {
        if (operation === "decrypt") throw fault;
      };
      await assert.rejects(vaultSealer(transit, name).sealAll(plain({ a: "x" }), here), fault);
    });
  });
}

suite("sealing under Vault", () => {
  test("no items, no call; no cluster, no call", async () => {
    const transit = new MemoryTransit();
    const sealer = vaultSealer(transit, transit.createKey(KEY, "context"));
    assert.equal((await sealer.sealAll(plain({}), here)).size, 0);
    const nowhere = sealer.sealAll(plain({ a: "x" }), { ...here, clusterId: null });
    await assert.rejects(
      nowhere,
      (error) => error instanceof InputError && error.hint.includes("--cluster-id"),
    );
    assert.deepEqual(transit.calls, []);
  });

  test("the sealer is known by its key and leaves no hint: the values name it", () => {
    const { keyId, hint } = vaultSealer(new MemoryTransit(), { mount: "transit", key: "app" });
    assert.deepEqual([keyId, hint], ["vault:transit/app", null]);
  });

  test("a key that does not exist is not encrypted with: Vault would make it", async () => {
    const transit = new MemoryTransit();
    const sealing = vaultSealer(transit, { mount: "transit", key: "app" }).sealAll(plain({ a: "x" }), here);
    await assert.rejects(sealing, (error) => error instanceof KeyServiceError && error.fault === "unusable");
    assert.equal(transit.count("encrypt"), 0);
  });

  for (const answer of [[], ["vault:v1:AAAA", "vault:v1:AAAA"], ["plain text"], ["vault:v1:"]]) {
    test(`an answer of ${JSON.stringify(answer)} is not written down`, async () => {
      const transit = new MemoryTransit();
      const name = transit.createKey(KEY, "context");
      transit.encrypt = async () => answer;
      await assert.rejects(
        vaultSealer(transit, name).sealAll(plain({ a: "x" }), here),
        (error) => error instanceof KeyServiceError && error.fault === "unavailable",
      );
    });
  }

  test("what another has proven is not proven again", async () => {
    const transit = new MemoryTransit();
    const name = transit.createKey(KEY, "context");
    const proofs = new VaultKeyProofs({ now: () => 0 });
    for (let count = 0; count < 3; count++)
      await vaultSealer(transit, name, { proofs }).sealAll(plain({ a: "x" }), here);
    assert.deepEqual([transit.count("describeKey"), transit.count("decrypt")], [1, 1]);
  });

  test("an aborted signal ends it", async () => {
    const transit = new MemoryTransit();
    const gone = new Error("gone");
    const sealer = vaultSealer(transit, transit.createKey(KEY, "context"), {
      signal: AbortSignal.abort(gone),
    });
    await assert.rejects(sealer.sealAll(plain({ a: "x" }), here), gone);
    assert.equal(signal.aborted, false);
  });
});

function isRefusal(error: unknown): boolean {
  return error instanceof KeyServiceError && error.fault === "unusable" && error.message.includes(KEY);
}
