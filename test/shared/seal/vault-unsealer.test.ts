import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { KeyServiceError } from "../../../shared/seal/key-service-error.ts";
import type { TransitApi, TransitOpened } from "../../../shared/seal/transit-api.ts";
import { VaultKeyProofs } from "../../../shared/seal/vault-key-proofs.ts";
import { MOST_VAULT_KEYS, vaultUnsealer } from "../../../shared/seal/vault-unsealer.ts";
import { settle } from "../../support/fake-clock.ts";
import { serviceFault } from "../../support/memory-kms.ts";
import { MemoryTransit } from "../../support/memory-transit.ts";
import { here, inShort, sealedText, signal, vaultCodec } from "../../support/remote-values.ts";

const MINUTE_MS = 60_000;
const KEY = "transit/app";

/** Three values under a key, and a Vault that has been asked nothing since. */
async function scene(binding: "context" | "associated-data" = "context") {
  const transit = new MemoryTransit();
  const name = transit.createKey(KEY, binding);
  const values = await vaultCodec(transit, name).seal({ a: "1", b: "2", c: "3" });
  transit.calls.length = 0;
  const time = { nowMs: 0 };
  const proofs = new VaultKeyProofs({ now: () => time.nowMs });
  const unsealer = vaultUnsealer(transit, { allowed: () => true, proofs });
  return { transit, name, values, time, proofs, unsealer };
}

const opened = { a: "opened 1", b: "opened 2", c: "opened 3" };

suite("opening under Vault", () => {
  for (const binding of ["context", "associated-data"] as const) {
    test(`${binding}: one call for all; before the first, the key is described, and proven along with it`, async () => {
      const { transit, values, unsealer, time } = await scene(binding);
      assert.deepEqual(inShort(await unsealer.unsealAll(values, here, signal)), opened);
      const spelled = () =>
        transit.calls.splice(0).map(({ operation, values: many }) => `${operation} ${many}`);
      assert.deepEqual(spelled(), ["describeKey 0", "decrypt 4"]);
      assert.deepEqual(inShort(await unsealer.unsealAll(values, here, signal)), opened);
      assert.deepEqual(spelled(), ["decrypt 3"]);
      time.nowMs = 10 * MINUTE_MS;
      assert.deepEqual(inShort(await unsealer.unsealAll(values, here, signal)), opened);
      assert.deepEqual(spelled(), ["describeKey 0", "decrypt 4"]);
    });

    test(`${binding}: a key that opens values elsewhere is refused, and not asked again`, async () => {
      const transit = new MemoryTransit();
      transit.createKey(KEY, binding, { ignoresPlace: true });
      const ciphertext = await transit.encrypt(
        { mount: "transit", key: "app" },
        binding,
        [{ plaintext: new Uint8Array([1]), place: new Uint8Array([2]) }],
        signal,
      );
      const values = new Map([["a", `vault:1:${KEY}:${ciphertext[0]}`]]);
      const proofs = new VaultKeyProofs({ now: () => 0 });
      const unsealer = vaultUnsealer(transit, { allowed: () => true, proofs });
      const isRefusal = (error: unknown) =>
        error instanceof KeyServiceError && error.fault === "unusable" && error.message.includes(KEY);
      await assert.rejects(unsealer.unsealAll(values, here, signal), isRefusal);
      transit.calls.length = 0;
      await assert.rejects(unsealer.unsealAll(values, here, signal), isRefusal);
      assert.deepEqual(transit.calls, []);
    });
  }

  test("the key that opened it is named", async () => {
    const { values, unsealer } = await scene();
    const outcome = (await unsealer.unsealAll(values, here, signal)).get("a");
    assert.equal(outcome?.kind === "opened" && outcome.keyId, `vault:${KEY}`);
  });

  test("each key of an object takes a call, four at a time; too many keys take none", async () => {
    const transit = new MemoryTransit();
    const values = new Map<string, string>();
    assert.equal(MOST_VAULT_KEYS, 16);
    for (let at = 0; at <= MOST_VAULT_KEYS; at++) {
      const codec = vaultCodec(transit, transit.createKey(`transit/k${at}`, "context"));
      for (const [item, text] of await codec.seal({ [`i${at}`]: "x" })) values.set(item, text);
    }
    transit.calls.length = 0;
    const unsealer = vaultUnsealer(transit, { allowed: () => true });
    const tooMany = inShort(await unsealer.unsealAll(values, here, signal));
    assert.deepEqual([tooMany["i0"], tooMany[`i${MOST_VAULT_KEYS}`]], ["not-tried", "too-many-keys"]);
    assert.deepEqual(transit.calls, []);
    values.delete("i0");
    let [atATime, most] = [0, 0];
    transit.before = async () => {
      most = Math.max(most, ++atATime);
      await settle();
      atATime--;
    };
    const outcomes = inShort(await unsealer.unsealAll(values, here, signal));
    assert.deepEqual(new Set(Object.values(outcomes)), new Set(["opened x"]));
    assert.deepEqual([transit.count("decrypt"), most], [MOST_VAULT_KEYS, 4]);
  });

  test("a key that no list allows is refused before any call, whichever item names it", async () => {
    const { transit, values } = await scene();
    const other = vaultCodec(transit, transit.createKey("transit/other", "context"));
    values.set("z", sealedText(await other.seal({ z: "x" }), "z"));
    transit.calls.length = 0;
    const allowed = (key: string) => key === KEY;
    for (const refusalHint of [undefined, (key: string) => `signet allow vault ${key}`]) {
      const unsealer = vaultUnsealer(transit, {
        allowed,
        ...(refusalHint === undefined ? {} : { refusalHint }),
      });
      await assert.rejects(unsealer.unsealAll(values, here, signal), (error) => {
        assert.ok(error instanceof KeyServiceError);
        assert.equal(error.fault, "not-allowed");
        assert.ok(error.message.includes("spec.encryptedData.z") && error.message.includes("transit/other"));
        assert.ok(error.hint.includes(refusalHint?.("transit/other") ?? "--vault-allowed-keys"));
        return true;
      });
    }
    assert.deepEqual(transit.calls, []);
  });

  test("no items, no call; no cluster, no call; what is no value costs the others none", async () => {
    const { transit, values, unsealer } = await scene();
    assert.equal((await unsealer.unsealAll(new Map(), here, signal)).size, 0);
    await assert.rejects(
      unsealer.unsealAll(values, { ...here, clusterId: null }, signal),
      (error) => error instanceof KeyServiceError && error.hint.includes("--cluster-id"),
    );
    const mixed = new Map([...values, ["d", "vault:1:x"], ["e", "vault:9:x"]]);
    const outcomes = inShort(await unsealer.unsealAll(mixed, here, signal));
    assert.deepEqual([outcomes["a"], outcomes["d"], outcomes["e"]], ["not-tried", "malformed", "version"]);
    assert.deepEqual(transit.calls, []);
  });

  test("a version that Vault no longer decrypts with is told as that", async () => {
    const { transit, values, unsealer } = await scene();
    transit.rotate(KEY);
    transit.setMinDecryptionVersion(KEY, 2);
    const outcomes = await unsealer.unsealAll(values, here, signal);
    assert.deepEqual(inShort(outcomes), { a: "too-old", b: "too-old", c: "too-old" });
    const outcome = outcomes.get("b");
    assert.match(
      outcome?.kind === "malformed" ? outcome.error.message : "",
      /Data\.b: .*min_decryption_version/,
    );
  });

  test("where the first value does not open, the key is not proven and the others are not told", async () => {
    const { transit, name, values, unsealer } = await scene();
    const moved = await vaultCodec(transit, name).seal({ a: "x" }, { ...here, clusterId: "another" });
    const broken = new Map([["a", sealedText(moved, "a")], ...[...values].slice(1)]);
    assert.deepEqual(inShort(await unsealer.unsealAll(broken, here, signal)), {
      a: "not-authentic",
      b: "not-tried",
      c: "not-tried",
    });
    // Once it is proven, each is told by itself.
    assert.deepEqual(inShort(await unsealer.unsealAll(values, here, signal)), opened);
    assert.deepEqual(inShort(await unsealer.unsealAll(broken, here, signal)), {
      a: "not-authentic",
      b: "opened 2",
      c: "opened 3",
    });
  });

  test("plaintexts that are not given out are wiped", async () => {
    const { transit, name, values, proofs } = await scene();
    const moved = await vaultCodec(transit, name).seal({ a: "x" }, { ...here, clusterId: "another" });
    const broken = new Map([["a", sealedText(moved, "a")], ...[...values].slice(1)]);
    const seen: TransitOpened[] = [];
    const api: TransitApi = {
      describeKey: (...call) => transit.describeKey(...call),
      encrypt: (...call) => transit.encrypt(...call),
      rewrap: (...call) => transit.rewrap(...call),
      encryptUnbound: (...call) => transit.encryptUnbound(...call),
      decryptUnbound: (...call) => transit.decryptUnbound(...call),
      decrypt: async (...call) => {
        const answers = await transit.decrypt(...call);
        seen.push(...answers);
        return answers;
      },
    };
    await vaultUnsealer(api, { allowed: () => true, proofs }).unsealAll(broken, here, signal);
    const plaintexts = seen.flatMap((one) => ("plaintext" in one ? [one.plaintext] : []));
    assert.deepEqual(plaintexts, [new Uint8Array(1), new Uint8Array(1)]);
  });

  test("what proves the key is marked as sent to be refused", async () => {
    const { transit, values, unsealer } = await scene();
    const sent: unknown[] = [];
    const decrypt = transit.decrypt.bind(transit);
    transit.decrypt = (...call) => {
      sent.push(...call[2].map(({ isProbe = false }) => isProbe));
      return decrypt(...call);
    };
    await unsealer.unsealAll(values, here, signal);
    assert.deepEqual(sent, [false, false, false, true]);
  });

  test("an answer for fewer values than asked is none", async () => {
    const { transit, values, unsealer } = await scene();
    transit.decrypt = async () => [{ plaintext: new Uint8Array(1) }];
    await assert.rejects(
      unsealer.unsealAll(values, here, signal),
      (error) => error instanceof KeyServiceError && error.fault === "unavailable",
    );
  });

  test("many objects at once describe a key once", async () => {
    const { transit, values, unsealer } = await scene();
    const all = await Promise.all(Array.from({ length: 8 }, () => unsealer.unsealAll(values, here, signal)));
    for (const outcomes of all) assert.deepEqual(inShort(outcomes), opened);
    assert.equal(transit.count("describeKey"), 1);
  });

  test("a key that was made anew as another kind is described again", async () => {
    const { transit, values, unsealer } = await scene();
    await unsealer.unsealAll(values, here, signal);
    const name = transit.createKey(KEY, "associated-data");
    const anew = await vaultCodec(transit, name).seal({ a: "1", b: "2", c: "3" });
    await assert.rejects(unsealer.unsealAll(anew, here, signal), { fault: "unusable" });
    assert.deepEqual(inShort(await unsealer.unsealAll(anew, here, signal)), opened);
  });

  test("a request that Vault takes as wrong has nobody prove the key anew", async () => {
    const { transit, values, unsealer } = await scene();
    await unsealer.unsealAll(values, here, signal);
    transit.before = () => Promise.reject(serviceFault("misused", "too large"));
    await assert.rejects(unsealer.unsealAll(values, here, signal), { fault: "misused" });
    transit.before = () => undefined;
    transit.calls.length = 0;
    assert.deepEqual(inShort(await unsealer.unsealAll(values, here, signal)), opened);
    assert.deepEqual(transit.calls, [{ operation: "decrypt", key: KEY, values: 3 }]);
  });

  test("what is remembered of keys has a bound", async () => {
    const proofs = new VaultKeyProofs({ now: () => 0 });
    const transit = new MemoryTransit();
    for (let at = 0; at < 1010; at++)
      await proofs.look(transit, transit.createKey(`t/k${at}`, "context"), signal);
    assert.equal(proofs.size, 1000);
  });

  test("Vault's failures, and an aborted signal, end it", async () => {
    const { transit, values, unsealer } = await scene();
    const fault = serviceFault("throttled");
    transit.before = ({ operation }) => {
      if (operation === "decrypt") throw fault;
    };
    await assert.rejects(unsealer.unsealAll(values, here, signal), fault);
    const gone = new Error("gone");
    await assert.rejects(unsealer.unsealAll(values, here, AbortSignal.abort(gone)), gone);
  });
});
