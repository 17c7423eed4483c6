import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { toJson } from "../../shared/document/to-json.ts";
import { Canaries } from "../support/canary.ts";
import { type SealedObject, testSealer } from "../support/in-process-sealing.ts";
import { runInMemory } from "../support/memory-io.ts";
import { readTestKey } from "../support/vectors.ts";
import {
  db,
  explanationsOf,
  itemsOf,
  keys,
  main,
  other,
  sealed,
  sealer,
  withItems,
} from "./explain/explain-scene.ts";

const twin = readTestKey("other-2048");
const otherSealer = await testSealer(other.certificatePem);
const twinSealer = await testSealer(twin.certificatePem);
const strict = { kind: "strict", namespace: "team-a", name: "db" } as const;

async function explain(
  args: readonly string[],
  objects: readonly object[],
  files: Record<string, string> = {},
) {
  const stdin = objects.map((object) => `${toJson(object)}\n`).join("");
  const run = await runInMemory(["explain", "-o", "json", ...args], { stdin, files: { ...keys, ...files } });
  return { ...run, explanations: explanationsOf(run) };
}

/** The one item of the one object, tried with the key 2048. */
async function itemOf(object: object, ...args: string[]) {
  const { explanations, code } = await explain(["--key", "k.pem", ...args], [object]);
  const item = explanations[0]?.items[0];
  assert.ok(item !== undefined && explanations[0]?.items.length === 1);
  assert.equal(code, item.state === "opens" ? 0 : 1);
  return item;
}

suite("with keys", () => {
  test("every item is tried by itself; the key that opened it comes with its file", async () => {
    const items = {
      ...itemsOf(sealed),
      far: await otherSealer.value("x", strict),
      lost: await twinSealer.value("x", strict),
      kms: "kms:1:abc",
      later: "kms:2:abc",
      sops: "ENC[AES256_GCM,data:x]",
    };
    const { explanations, code, stderr } = await explain(["--key", "k.pem,other.pem"], [withItems(items)]);
    assert.equal(code, 1);
    assert.match(stderr, /^error: 1 of 1 SealedSecret does not open as a whole\nhint: /);
    const [explanation] = explanations;
    assert.equal(explanation?.opens, false);
    const seen = explanation?.items.map(({ item, state, key, cause, backend, keyBits }) => [
      item,
      state,
      key === null ? null : [key.fingerprint, key.source, key.claimed],
      cause,
      backend,
      keyBits,
    ]);
    assert.deepEqual(
      seen?.sort(),
      [
        ["user", "opens", [main.fingerprint, "k.pem", false], null, "classic", 2048],
        ["password", "opens", [main.fingerprint, "k.pem", false], null, "classic", 2048],
        ["far", "opens", [other.fingerprint, "other.pem", false], null, "classic", 4096],
        ["lost", "does not open", null, "unknown-key-or-damaged", "classic", 2048],
        ["kms", "does not open", null, "damaged", "kms", null],
        ["later", "does not open", null, "backend-not-supported", "kms", null],
        ["sops", "does not open", null, "backend-not-supported", "sops", null],
      ].sort(),
    );
  });

  test("exit 0 and not a word on standard error when all open", async () => {
    const { explanations, code, stderr } = await explain(["--key", "k.pem"], [sealed]);
    assert.deepEqual([code, stderr, explanations[0]?.opens, explanations[0]?.scope], [0, "", true, "strict"]);
  });

  test("the claimed key is marked as claimed, for all items or by item", async () => {
    const lost = { lost: await twinSealer.value("x", strict) };
    const claiming = (hint: string) => ({
      ...withItems(lost),
      metadata: { ...sealed.metadata, annotations: { "signet.dev/sealing-key": hint } },
    });
    const claimed = { fingerprint: twin.fingerprint, source: null, claimed: true };
    const item = await itemOf(claiming(twin.fingerprint));
    assert.deepEqual(item.key, claimed);
    assert.match(
      item.why ?? "",
      /^sealed with a key that is not among those given \(it claims SHA256:.*\), or damaged$/,
    );
    assert.deepEqual((await itemOf(claiming(JSON.stringify({ lost: twin.fingerprint })))).key, claimed);
    assert.deepEqual((await itemOf(claiming(main.fingerprint))).key, {
      ...claimed,
      fingerprint: main.fingerprint,
      source: "k.pem",
    });
  });

  suite("a value sealed for elsewhere, of which kubeseal says no more than of any other (W20)", () => {
    const why = async (object: object, ...args: string[]) => {
      const item = await itemOf(object, ...args);
      assert.equal(item.cause, "sealed-elsewhere");
      assert.deepEqual(item.key, { fingerprint: main.fingerprint, source: "k.pem", claimed: false });
      return item;
    };
    const moved = async (sealedFor: SealedObject["sealedFor"]) =>
      sealer.object({ ...db, items: { a: "x" }, ...(sealedFor === undefined ? {} : { sealedFor }) });

    test("is told with the place, when that is a candidate", async () => {
      const object = await moved({ namespace: "team-b", name: "web" });
      assert.match(
        (await why(object)).why ?? "",
        /^sealed for another name, namespace or scope, not for team-a\/db$/,
      );
      assert.match((await why(object)).fix ?? "", /signet explain --candidate NAMESPACE\/NAME/);
      assert.equal(
        (await why(object, "--candidate", "team-b/web")).why,
        "sealed for team-b/web, not for team-a/db",
      );
      assert.match(
        (await why(object, "--candidate", "team-b/w", "--candidate", "team-c/web")).why ?? "",
        /another name/,
      );
    });

    test("namespace-wide for another namespace", async () => {
      const object = await moved({ namespace: "team-b", scope: "namespace-wide" });
      assert.equal(
        (await why(object, "--candidate", "team-b")).why,
        "sealed for namespace-wide (team-b), not for team-a/db",
      );
    });

    test("in another of the files given is found by itself", async () => {
      const object = await moved({ namespace: "team-b", name: "web" });
      const web = await sealer.object({ namespace: "team-b", name: "web", items: { a: "x" } });
      const files = {
        "in/db.json": toJson(object),
        "in/web.json": toJson(web),
        "in/values.yaml": "{{ not yaml",
      };
      const run = await runInMemory(["explain", "--key", "k.pem", "-o", "json", "in"], {
        files: { ...keys, ...files },
      });
      const [first, second] = explanationsOf(run);
      assert.equal(first?.items[0]?.why, "sealed for team-b/web, not for team-a/db");
      assert.deepEqual([first?.where, second?.where, second?.opens], ["in/db.json", "in/web.json", true]);
      assert.match(run.stderr, /1 of 2 SealedSecrets does not open as a whole/);
    });

    test("here, but under another scope: the annotation is named", async () => {
      assert.match(
        (await why(await moved({ scope: "cluster-wide" }))).why ?? "",
        /^sealed cluster-wide, but .* lacks the annotation/,
      );
      assert.match(
        (await why(await moved({ scope: "namespace-wide" }))).why ?? "",
        /^sealed namespace-wide for team-a, but/,
      );
      const annotations = { "sealedsecrets.bitnami.com/namespace-wide": "true" };
      const object = { ...(await moved(undefined)), metadata: { ...sealed.metadata, annotations } };
      const item = await why(object);
      assert.match(item.why ?? "", /carries the annotation of a wider scope$/);
      assert.equal(item.fix, "remove the annotation");
    });
  });

  test("damaged, bad base64, too short: each by its name", async () => {
    const bytes = Buffer.from(itemsOf(sealed)["user"] ?? "", "base64");
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
    const damaged = await itemOf(withItems({ a: bytes.toString("base64") }));
    assert.deepEqual([damaged.cause, damaged.key?.source], ["damaged", "k.pem"]);
    assert.match(damaged.why ?? "", /^damaged: its key recognises it/);
    assert.equal((await itemOf(withItems({ a: "AA=A" }))).why, "illegal base64 data at input byte 2");
    assert.equal((await itemOf(withItems({ a: "" }))).cause, "too-short");
    const unnamed = await itemOf(withItems({ "a b": "AAAA" }));
    assert.deepEqual([unnamed.cause, unnamed.state], ["item-name", "does not open"]);
    assert.match((await itemOf(withItems({ a: "user:secret" }))).why ?? "", /never sealed$/);
  });

  test("problems of the whole: templates, both forms, Vault references, no namespace", async () => {
    const problemsOf = async (object: object, ...args: string[]) => {
      const { explanations, code } = await explain(["--key", "k.pem", ...args], [object]);
      return { whys: explanations[0]?.problems.map(({ why }) => why), code };
    };
    const failing = withItems(itemsOf(sealed), { template: { data: { t: "{{ nope }}", u: "{{ .user }}" } } });
    assert.deepEqual(await problemsOf(failing), {
      whys: ['template: t:1:3: function "nope" not defined'],
      code: 1,
    });
    const good = withItems(itemsOf(sealed), { template: { data: { u: "{{ .user }}" } } });
    assert.deepEqual(await problemsOf(good), { whys: [], code: 0 });
    const overridden = withItems(itemsOf(sealed), { template: { data: { user: "x" } } });
    const warned = await explain(["--key", "k.pem"], [overridden]);
    assert.deepEqual([warned.code, warned.explanations[0]?.opens], [0, true]);
    assert.match(warned.explanations[0]?.warnings[0] ?? "", /^spec\.template\.data\.user has no effect/);
    const whole = await sealer.wholeObject({ ...db, secret: { apiVersion: "v1", kind: "Secret" } });
    assert.deepEqual(await problemsOf(whole), { whys: [], code: 0 });
    const hollow = await sealer.wholeObject({ ...db, secret: "no Secret" });
    assert.match((await problemsOf(hollow)).whys?.[0] ?? "", /^spec\.data does not hold a Secret/);
    const { data } = whole["spec"] as { data: string };
    assert.match(
      (await problemsOf(withItems(itemsOf(sealed), { data }))).whys?.[0] ?? "",
      /at the same time/,
    );
    const vault = [{ key: "a", mount: "m", path: "p", field: "f" }];
    const referring = await explain(["--key", "k.pem"], [withItems(itemsOf(sealed), { vault })]);
    assert.deepEqual([referring.code, referring.explanations[0]?.opens], [0, true]);
    assert.deepEqual(referring.explanations[0]?.warnings, [
      "spec.vault: this item is read from Vault by the controller, and not opened here: a",
    ]);
    const { namespace: _, ...metadata } = sealed.metadata;
    assert.match((await problemsOf({ ...sealed, metadata })).whys?.[0] ?? "", /names no namespace/);
    assert.deepEqual(await problemsOf({ ...sealed, metadata }, "-n", "team-a"), { whys: [], code: 0 });
  });

  test("says nothing of values and keys", async () => {
    const canaries = new Canaries();
    const secret = canaries.text("value");
    canaries.guardPrivateKey("key", main.privatePem);
    const object = await sealer.object({ ...db, items: { good: secret } });
    const spec = {
      ...(object["spec"] as object),
      template: { data: { t: "{{ fail .good }}", u: "{{ .good.x }}" } },
    };
    const run = await explain(["--key", "k.pem"], [{ ...object, spec }]);
    assert.equal(run.code, 1);
    canaries.assertSilent([
      { where: "standard output", content: run.stdout },
      { where: "standard error", content: run.stderr },
    ]);
  });
});

test("a command to copy runs nothing that a file's name says, and the name does not turn the line around", async () => {
  const path = "$(x)'; y;'\u202e.yaml";
  const moved = { ...sealed, metadata: { ...sealed.metadata, name: "other" } };
  const run = await runInMemory(["explain", "--key", "k.pem", path], {
    files: { ...keys, [path]: toJson(moved) },
  });
  assert.match(run.stdout, /: signet --merge-into '\$\(x\)'\\''; y;'\\''\ufffd\.yaml' < secret\.yaml(;|$)/m);
  assert.match(run.stderr, /: signet --merge-into '\$\(x\)'\\''; y;'\\''\ufffd\.yaml' < secret\.yaml(;|$)/m);
  assert.ok(!/\u202e/.test(run.stdout + run.stderr));
});

test("the table has a line for each item, and what to do; control characters do not pass", async () => {
  const annotations = { "signet.dev/sealing-key": `${twin.fingerprint}\u001b[2J` };
  const object = {
    ...withItems({ ...itemsOf(sealed), lost: await twinSealer.value("x", strict) }),
    metadata: { ...sealed.metadata, annotations },
  };
  const run = await runInMemory(["explain", "--key", "k.pem"], { stdin: toJson(object), files: keys });
  assert.ok(!run.stdout.includes("\u001b"));
  const lines = run.stdout.split("\n");
  assert.equal(lines[0], "standard input: team-a/db, strict");
  assert.match(lines[1] ?? "", /^ {2}ITEM +STATE +KEY +WHY$/);
  assert.equal(lines.filter((line) => /^ {2}(user|password) +opens +SHA256:.{8}…$/.test(line)).length, 2);
  assert.match(
    run.stdout,
    /^ {2}lost +does not open +SHA256:.{8}… \(claimed\) +sealed with a key that is not among/m,
  );
  assert.ok(lines.includes(`  key ${main.fingerprint} from k.pem`));
  assert.match(run.stdout, /^ {2}next: lost: give the key it was sealed with by --key, or seal/m);
  assert.match(
    (await runInMemory(["explain", "--key", "k.pem"], { stdin: toJson(withItems({})), files: keys })).stdout,
    /no encrypted items/,
  );
});

test("without keys and cluster: the form of each value, and what to give", async () => {
  const items = { ...itemsOf(sealed), big: await otherSealer.value("x", strict), kms: "kms:1:a" };
  const { explanations, code, stderr } = await explain([], [withItems(items)]);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^error: whether these open is not known: no private key was given, and the cluster does not tell: /,
  );
  assert.match(stderr, /hint: give --key PATH/);
  const seen = explanations[0]?.items.map(({ item, state, keyBits }) => `${item} ${state} ${keyBits}`);
  assert.deepEqual(seen?.sort(), [
    "big not known 4096",
    "kms does not open null",
    "password not known 2048",
    "user not known 2048",
  ]);
});

test("what is wrong on the command line or in the input is refused", async () => {
  const cases: readonly [string[], string, number, RegExp][] = [
    [["--candidate", "a/b/c"], toJson(sealed), 2, /invalid value "a\/b\/c" for --candidate/],
    [["--candidate", "/b"], toJson(sealed), 2, /invalid value/],
    [["--list-candidates"], toJson(sealed), 2, /--list-candidates goes with --key/],
    [["-o", "xml"], toJson(sealed), 2, /unsupported output format: xml/],
    [["--key", "-"], toJson(sealed), 2, /cannot both come from standard input/],
    [["--key", "k.pem"], "kind: ConfigMap", 1, /no SealedSecret in standard input/],
    [["--key", "k.pem", "k.pem"], "", 1, /^error: /],
    [["--key", "gone"], toJson(sealed), 1, /cannot read the key file gone/],
    [["--key", "k.pem"], "a: [", 1, /line 1/],
  ];
  for (const [args, stdin, code, message] of cases) {
    const run = await runInMemory(["explain", ...args], { stdin, files: keys });
    assert.equal(run.code, code, args.join(" "));
    assert.match(run.stderr, message);
    assert.equal(run.stdout, "");
  }
});
