import assert from "node:assert/strict";
import { test } from "node:test";
import { type Meter, meteredKms, meteredTransit } from "../../../controller/key-services/metered.ts";
import { KeyServiceError } from "../../../shared/seal/key-service-error.ts";
import type { KmsApi } from "../../../shared/seal/kms-api.ts";
import type { TransitApi, TransitOpened } from "../../../shared/seal/transit-api.ts";

const signal = AbortSignal.timeout(60_000);
const WRAPPED = { key: "arn:aws:kms:eu-west-1:1:key/a", blob: new Uint8Array([1]) };
const NAME = { mount: "transit", key: "app" };

/** A meter that keeps what it is told, and a clock by which each call takes 7 ms. */
function scene() {
  const told: string[] = [];
  let now = 0;
  const meter: Meter = (operation, { outcome, ms }) => told.push(`${operation} ${outcome} ${ms}`);
  const takes7 = <T>(value: T) => {
    now += 7;
    return Promise.resolve(value);
  };
  return { told, takes7, metering: { meter, monotonic: () => now } };
}

test("each call on KMS is told once, with what came of it and its time", async () => {
  const { told, takes7, metering } = scene();
  const kms: KmsApi = {
    generateDataKey: () => takes7({ ...WRAPPED, dataKey: new Uint8Array([2]) }),
    encrypt: () => takes7(WRAPPED),
    decrypt: (wrapped) => takes7(wrapped === WRAPPED ? new Uint8Array([3]) : null),
    reEncrypt: () => takes7(null),
  };
  const metered = meteredKms(kms, metering);
  assert.deepEqual((await metered.generateDataKey("k", {}, signal)).dataKey, new Uint8Array([2]));
  assert.equal(await metered.encrypt("k", new Uint8Array(), {}, signal), WRAPPED);
  assert.deepEqual(await metered.decrypt(WRAPPED, {}, signal), new Uint8Array([3]));
  assert.equal(await metered.decrypt({ ...WRAPPED }, {}, signal), null);
  assert.equal(await metered.reEncrypt(WRAPPED, {}, "k", signal), null);
  assert.deepEqual(told, [
    "generate-data-key ok 7",
    "encrypt ok 7",
    "decrypt ok 7",
    "decrypt not-authentic 7",
    "re-encrypt not-authentic 7",
  ]);
});

test("each call on Vault is told once, and gets what it was given", async () => {
  const { told, takes7, metering } = scene();
  const given: unknown[] = [];
  const transit: TransitApi = {
    describeKey: (name) => {
      given.push(name);
      return takes7({ binding: "context", latestVersion: 1, minDecryptionVersion: 1 });
    },
    encrypt: (...args) => {
      given.push(args.slice(0, 3));
      return takes7(["vault:v1:eA=="]);
    },
    decrypt: (...args) => {
      given.push(args.slice(0, 3));
      return takes7([{ refused: "not-authentic" }]);
    },
    rewrap: (...args) => {
      given.push(args.slice(0, 2));
      return takes7([null]);
    },
    encryptUnbound: (...args) => {
      given.push(args.slice(0, 2));
      return takes7("vault:v1:eA==");
    },
    decryptUnbound: (...args) => {
      given.push(args.slice(0, 2));
      return takes7({ refused: "too-old" });
    },
  };
  const metered = meteredTransit(transit, metering);
  const place = new Uint8Array([1]);
  await metered.describeKey(NAME, signal);
  await metered.encrypt(NAME, "context", [{ plaintext: place, place }], signal);
  await metered.decrypt(NAME, "associated-data", [{ ciphertext: "c", place }], signal);
  await metered.rewrap(NAME, [{ ciphertext: "c", place }], signal);
  await metered.encryptUnbound(NAME, place, signal);
  await metered.decryptUnbound(NAME, "c", signal);
  assert.deepEqual(told, [
    "describe-key ok 7",
    "encrypt ok 7",
    "decrypt not-authentic 7",
    "rewrap not-authentic 7",
    "encrypt ok 7",
    "decrypt too-old 7",
  ]);
  assert.deepEqual(given, [
    NAME,
    [NAME, "context", [{ plaintext: place, place }]],
    [NAME, "associated-data", [{ ciphertext: "c", place }]],
    [NAME, [{ ciphertext: "c", place }]],
    [NAME, place],
    [NAME, "c"],
  ]);
});

test("of the values of a call on Vault one that is refused counts, but for those sent to be", async () => {
  const { told, takes7, metering } = scene();
  const place = new Uint8Array([1]);
  const opened = { plaintext: place };
  const refused = { refused: "not-authentic" } as const;
  const old = { refused: "too-old" } as const;
  const cases: [TransitOpened[], { isProbe?: true }[]][] = [
    [
      [opened, refused],
      [{}, { isProbe: true }],
    ],
    [
      [opened, refused],
      [{}, {}],
    ],
    [
      [refused, refused],
      [{}, { isProbe: true }],
    ],
    [
      [opened, old],
      [{}, {}],
    ],
    [
      [old, refused],
      [{}, {}],
    ],
  ];
  for (const [answers, sent] of cases) {
    const fail = () => Promise.reject(new Error("not asked"));
    const unasked = { describeKey: fail, encrypt: fail, rewrap: fail, encryptUnbound: fail };
    const api = { ...unasked, decryptUnbound: fail, decrypt: () => takes7(answers) };
    const values = sent.map((probe) => ({ ciphertext: "c", place, ...probe }));
    await meteredTransit(api, metering).decrypt(NAME, "context", values, signal);
  }
  assert.deepEqual(
    told,
    ["ok", "not-authentic", "not-authentic", "too-old", "not-authentic"].map((one) => `decrypt ${one} 7`),
  );
});

test("a failure is told by its fault and goes on to the caller", async () => {
  const { told, metering } = scene();
  const failing = (error: unknown): KmsApi => {
    const fail = () => Promise.reject(error);
    return { generateDataKey: fail, encrypt: fail, decrypt: fail, reEncrypt: fail };
  };
  const denied = new KeyServiceError("denied", "no", "ask");
  await assert.rejects(meteredKms(failing(denied), metering).decrypt(WRAPPED, {}, signal), denied);
  await assert.rejects(meteredKms(failing(new Error("x")), metering).decrypt(WRAPPED, {}, signal), /x/);
  const ended = AbortSignal.abort(new Error("stopping"));
  await assert.rejects(meteredKms(failing(ended.reason), metering).decrypt(WRAPPED, {}, ended), /stopping/);
  assert.deepEqual(told, ["decrypt denied 0", "decrypt unavailable 0", "decrypt aborted 0"]);
});
