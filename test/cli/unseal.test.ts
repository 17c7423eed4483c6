import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { toJson } from "../../shared/document/to-json.ts";
import { toYaml } from "../../shared/document/to-yaml.ts";
import { Canaries } from "../support/canary.ts";
import { type SealedObject, testSealer } from "../support/in-process-sealing.ts";
import { runInMemory } from "../support/memory-io.ts";
import { keySecret } from "../support/offline-keys.ts";
import { readTestKey } from "../support/vectors.ts";

const main = readTestKey("2048");
const other = readTestKey("4096");
const sealer = await testSealer(main.certificatePem);
const otherSealer = await testSealer(other.certificatePem);
const keys = { "k.pem": main.privatePem, "other.pem": other.privatePem, "cert.pem": main.certificatePem };

const db: SealedObject = { namespace: "team-a", name: "db", items: { user: "al", password: "hunter2" } };
const sealed = await sealer.object(db);
const plain = { kind: "Secret", apiVersion: "v1", metadata: { name: "db", namespace: "team-a" } };
const data = { password: "aHVudGVyMg==", user: "YWw=" };

suite("--recovery-unseal", () => {
  const flags = ["--recovery-unseal", "--recovery-private-key"];

  test("75: opens with a PEM file, in JSON as kubeseal writes it but for the owner reference", async () => {
    const template = {
      type: "Opaque",
      immutable: true,
      metadata: { labels: { app: "x" }, annotations: { note: "hi" } },
    };
    const stdin = toJson({ ...sealed, spec: { ...(sealed["spec"] as object), template } });
    const run = await runInMemory([...flags, "k.pem"], { stdin, files: keys });
    assert.equal(run.stderr, "");
    assert.equal(run.code, 0);
    assert.equal(
      run.stdout,
      `{
  "kind": "Secret",
  "apiVersion": "v1",
  "metadata": {
    "name": "db",
    "namespace": "team-a",
    "labels": {
      "app": "x"
    },
    "annotations": {
      "note": "hi"
    }
  },
  "immutable": true,
  "data": {
    "password": "aHVudGVyMg==",
    "user": "YWw="
  },
  "type": "Opaque"
}
`,
    );
  });

  test("76, 40: opens with a List of key Secrets, whatever their label; every document of a stream (W30)", async () => {
    const list = JSON.stringify({
      kind: "List",
      apiVersion: "v1",
      items: [keySecret("b", "4096"), keySecret("a", "2048", "retired")],
    });
    const second = await otherSealer.object({ ...db, name: "web" });
    const stdin = `${toYaml(sealed)}---\n${toYaml(second)}`;
    const run = await runInMemory([...flags, "keys.json", "-o", "yaml"], {
      stdin,
      files: { "keys.json": list },
    });
    assert.equal(run.code, 0, run.stderr);
    const web = { ...plain, metadata: { ...plain.metadata, name: "web" } };
    assert.equal(run.stdout, `---\n${toYaml({ ...plain, data })}---\n${toYaml({ ...web, data })}`);
  });

  test("39: no key at all fails in kubeseal's words, items sorted, and reads no kubeconfig", async () => {
    const env = { KUBECONFIG: "/nonexistent/kubeconfig" };
    const run = await runInMemory(["--recovery-unseal"], { stdin: toJson(sealed), env });
    assert.equal(run.code, 1);
    assert.equal(run.stdout, "");
    assert.match(
      run.stderr,
      /^error: .*no key could decrypt secret \(password, user\): no private key was given$/m,
    );
    assert.match(run.stderr, /^hint: give --recovery-private-key /m);
  });

  test("56: without encrypted items no key is needed; templates are rendered", async () => {
    const stdin = toJson({
      ...(await sealer.object({ namespace: "team-a", name: "db" })),
      spec: { encryptedData: {}, template: { data: { greeting: "{{ upper `hi` }}" } } },
    });
    const run = await runInMemory(["--recovery-unseal"], { stdin });
    assert.equal(run.code, 0, run.stderr);
    assert.deepEqual(JSON.parse(run.stdout).data, { greeting: "SEk=" });
  });

  test("59, 60: the whole-object form is refused as kubeseal refuses it", async () => {
    const whole = await sealer.wholeObject({ ...db, secret: { apiVersion: "v1", kind: "Secret" } });
    const run = await runInMemory([...flags, "k.pem"], { stdin: toJson(whole), files: keys });
    assert.equal(run.code, 1);
    assert.match(run.stderr, /using deprecated 'data' field, use 'encryptedData' or flip the feature flag/);
    assert.match(run.stderr, /hint: signet unseal/);
  });

  test("a file that holds no key is an error that names it (W21)", async () => {
    const run = await runInMemory([...flags, "cert.pem,k.pem"], { stdin: toJson(sealed), files: keys });
    assert.equal(run.code, 1);
    assert.match(run.stderr, /^error: cert\.pem holds a certificate/);
  });

  test("-w writes, --output-dir writes; --in-place is refused and the sealed file stays", async () => {
    const files = { ...keys, "in/s.json": toJson(sealed), "in/other.yaml": "kind: ConfigMap\n" };
    const written = await runInMemory([...flags, "k.pem", "-f", "in/s.json", "-w", "out.yaml"], { files });
    assert.equal(written.files.get("out.yaml"), `---\n${toYaml({ ...plain, data })}`);
    const folder = await runInMemory([...flags, "k.pem", "in", "--output-dir", "out"], { files });
    assert.equal(folder.code, 0, folder.stderr);
    assert.deepEqual(JSON.parse(folder.files.get("out/s.json") ?? "").data, data);
    for (const args of [
      ["in/s.json", "--in-place"],
      ["-f", "in/s.json", "-w", "in/s.json"],
      ["in/s.json", "--output-dir", "in"],
      ["in/s.json", "-w", "in/s.json"],
    ]) {
      const run = await runInMemory([...flags, "k.pem", ...args], { files });
      assert.equal(run.code, 2, args.join(" "));
      assert.match(run.stderr, /would lose the sealed file\nhint: give --output-dir/);
      assert.deepEqual(run.files.get("in/s.json"), toJson(sealed));
    }
  });

  test("keys without the mode are ignored, with a warning on a terminal only", async () => {
    const args = ["--recovery-private-key", "k.pem", "--fetch-cert", "--cert", "cert.pem"];
    const warning =
      "warning: ignoring --recovery-private-key because unseal command not chosen with --recovery-unseal\n";
    assert.equal((await runInMemory(args, { files: keys })).stderr, "");
    assert.ok((await runInMemory(args, { files: keys, terminals: ["stderr"] })).stderr.startsWith(warning));
  });

  test("what is no SealedSecret is refused by its kind", async () => {
    const stdin = toJson({ kind: "Deployment", apiVersion: "apps/v1" });
    const run = await runInMemory([...flags, "k.pem"], { stdin, files: keys });
    assert.equal(run.code, 1);
    assert.match(run.stderr, /its kind is "Deployment"/);
  });
});

suite("why it does not open", () => {
  const failure = async (object: object) => {
    const run = await runInMemory(["unseal", "--key", "k.pem"], {
      stdin: JSON.stringify(object),
      files: keys,
    });
    assert.equal(run.code, 1);
    assert.equal(run.stdout, "");
    return run.stderr;
  };
  const withItems = async (items: Record<string, string>) => ({ ...sealed, spec: { encryptedData: items } });
  const good = (sealed["spec"] as { encryptedData: Record<string, string> }).encryptedData;
  const [password = "", user = ""] = [good["password"], good["user"]];

  test("a key that is not at hand: sizes tell, where they differ", async () => {
    assert.match(
      await failure(await otherSealer.object(db)),
      /no key could decrypt secret \(password, user\): sealed with a key of 4096 bits, and those given have 2048; or damaged/,
    );
  });

  test("80: another name", async () => {
    const moved = { ...sealed, metadata: { namespace: "team-a", name: "db2" } };
    assert.match(await failure(moved), /sealed for another name, namespace or scope, not for team-a\/db2/);
  });

  test("52, 54: the annotation of its scope is missing, or one is too many", async () => {
    const wide = await sealer.object({ ...db, scope: "cluster-wide" });
    const narrow = { ...wide, metadata: { ...wide.metadata, annotations: {} } };
    assert.match(
      await failure(narrow),
      /sealed cluster-wide, but the SealedSecret lacks the annotation .*cluster-wide: "true"/,
    );
    const annotated = {
      ...sealed,
      metadata: { ...sealed.metadata, annotations: { "sealedsecrets.bitnami.com/cluster-wide": "true" } },
    };
    assert.match(
      await failure(annotated),
      /sealed with strict scope for team-a\/db, but .* a wider scope\nhint: remove the annotation/,
    );
  });

  test("61: bad base64 names item and offset, and says nothing of decryption", async () => {
    const stderr = await failure(await withItems({ user: "A#" }));
    assert.match(stderr, /illegal base64 data at input byte 1 \(user\)/);
    assert.doesNotMatch(stderr, /decrypt/);
  });

  test("several causes come together, each with its items", async () => {
    const damaged = Buffer.from(password, "base64");
    damaged[damaged.length - 1] = (damaged[damaged.length - 1] ?? 0) ^ 1;
    const stderr = await failure(
      await withItems({ b: damaged.toString("base64"), c: "AAAA", a: "AAAA", good: user, x: "!" }),
    );
    assert.match(
      stderr,
      /illegal base64 data at input byte 0 \(x\); no key could decrypt secret \(a, b, c\): b: damaged: its key recognises it, but the data does not verify; a, c: too short for a sealed value, or its length is damaged/,
    );
    assert.match(stderr, /; signet explain tells it item by item$/m);
  });

  test("a value of another backend is refused by its name", async () => {
    assert.match(
      await failure(await withItems({ a: "kms:2:abc" })),
      /\(a\): values of format kms:2 are not opened by this version/,
    );
    assert.match(
      await failure(await withItems({ a: "ENC[AES256_GCM,data:x]" })),
      /holds values of a SOPS document, and its field sops is missing: a/,
    );
  });

  test("a claimed key that is among those given speaks for damage", async () => {
    const block = Buffer.from(user, "base64");
    block[9] = (block[9] ?? 0) ^ 1;
    const annotations = { "signet.dev/sealing-key": main.fingerprint };
    const object = {
      ...(await withItems({ user: block.toString("base64") })),
      metadata: { ...sealed.metadata, annotations },
    };
    assert.match(await failure(object), /damaged, or sealed with another key than the one it claims/);
  });

  test("templates that fail, and functions that must be allowed", async () => {
    const templated = (source: string) => ({
      ...sealed,
      spec: { encryptedData: good, template: { data: { t: source } } },
    });
    assert.match(
      await failure(templated("{{ .user | nope }}")),
      /template: t:1:\d+: function "nope" not defined/,
    );
    assert.match(
      await failure(templated("{{ randAlpha 3 }}")),
      /not allowed here: randAlpha \(random\)\nhint: .*--allow-nondeterministic-templates/,
    );
    const args = ["unseal", "--key", "k.pem", "--allow-nondeterministic-templates", "--item", "t"];
    const run = await runInMemory(args, { stdin: toJson(templated("{{ randAlpha 3 }}")), files: keys });
    assert.match(run.stdout, /^[A-Za-z]{3}$/);
  });

  test("without a plain value or a piece of a key in it", async () => {
    const canaries = new Canaries();
    const secret = canaries.text("value");
    canaries.guardPrivateKey("key", main.privatePem);
    const object = await sealer.object({ ...db, items: { good: secret } });
    const items = (object["spec"] as { encryptedData: Record<string, string> }).encryptedData;
    const templates = [
      `{{ fail .good }}`,
      `{{ .good.x }}`,
      `{{ index .good 999 }}`,
      `{{ atoi .good | div 0 }}{{ mustFromJson .good }}`,
    ];
    const spoilt = [
      { encryptedData: { ...items, bad: "AAAA" } },
      ...templates.map((t) => ({ encryptedData: items, template: { data: { t } } })),
    ];
    const errors = await Promise.all(spoilt.map((spec) => failure({ ...object, spec })));
    canaries.assertSilent(errors.map((content, at) => ({ where: `error ${at}`, content })));
  });
});

suite("signet unseal", () => {
  const unseal = (args: readonly string[], stdin: string, files: Record<string, string> = {}) =>
    runInMemory(["unseal", "--key", "k.pem", ...args], { stdin, files: { ...keys, ...files } });

  test("keeps the format of the input; -o and the name of -w overrule it", async () => {
    const yaml = `---\n${toYaml({ ...plain, data })}`;
    const json = `${toJson({ ...plain, data })}\n`;
    assert.equal((await unseal([], toJson(sealed))).stdout, json);
    assert.equal((await unseal([], toYaml(sealed))).stdout, yaml);
    assert.equal((await unseal(["-o", "json"], toYaml(sealed))).stdout, json);
    assert.equal((await unseal(["s.json"], "", { "s.json": toJson(sealed) })).stdout, json);
    assert.equal((await unseal(["s.yaml"], "", { "s.yaml": toYaml(sealed) })).stdout, yaml);
    assert.equal((await unseal(["-w", "x.json"], toYaml(sealed))).files.get("x.json"), json);
  });

  test("passes over other documents, and says when there is no SealedSecret at all", async () => {
    const run = await unseal([], `kind: ConfigMap\n---\n${toYaml(sealed)}`);
    assert.equal(run.stdout, `---\n${toYaml({ ...plain, data })}`);
    const none = await unseal([], "kind: ConfigMap\n");
    assert.equal(none.code, 1);
    assert.match(none.stderr, /^error: no SealedSecret in standard input\n/);
  });

  test("opens a tree into another one, all documents in their places", async () => {
    const files = {
      "in/a/s.yaml": `# mine\n${toYaml(sealed)}---\nkind: ConfigMap\n`,
      "in/b.json": toJson(sealed),
    };
    const run = await unseal(["in", "--output-dir", "out"], "", files);
    assert.equal(run.code, 0, run.stderr);
    assert.equal(
      run.files.get("out/a/s.yaml"),
      `# mine\n${toYaml({ ...plain, data })}---\nkind: ConfigMap\n`,
    );
    assert.match(run.stderr, /opened 2 in 2/);
  });

  test("59: the whole-object form is opened; both forms at once are refused (60)", async () => {
    const secret = { apiVersion: "v1", kind: "Secret", type: "x/y", data: { a: "YQ==" } };
    const whole = await sealer.wholeObject({ ...db, secret });
    const run = await unseal([], toJson(whole));
    assert.deepEqual(JSON.parse(run.stdout), { ...plain, data: { a: "YQ==" }, type: "x/y" });
    const both = { ...whole, spec: { ...(whole["spec"] as object), encryptedData: { a: "AAAA" } } };
    assert.match((await unseal([], toJson(both))).stderr, /at the same time/);
  });

  test("tells of templates that do not do what they seem to (W37, W38)", async () => {
    const template = { data: { user: "x", a: "{{ .b }}", b: "{{ .user }}" } };
    const object = { ...sealed, spec: { ...(sealed["spec"] as object), template } };
    const run = await unseal([], toJson(object));
    assert.match(run.stderr, /warning: standard input: spec\.template\.data\.user has no effect/);
    assert.match(run.stderr, /warning: standard input: spec\.template\.data\.a reads b/);
    assert.deepEqual(JSON.parse(run.stdout).data, { ...data, a: "e3sgLnVzZXIgfX0=", b: "YWw=" });
  });

  test("files with plain values are written for their owner only", async () => {
    const { io } = (await import("../support/memory-io.ts")).memoryIo(
      ["unseal", "--key", "k.pem", "s.json", "--output-dir", "out"],
      {
        files: { ...keys, "s.json": toJson(sealed), "out/s.json": "old" },
      },
    );
    const access: unknown[] = [];
    const files = {
      ...io.files,
      replace: (...args: Parameters<typeof io.files.replace>) => void access.push(args[2]),
    };
    const { run } = await import("../../cli/run.ts");
    assert.equal(await run({ ...io, files }), 0);
    assert.equal(await run({ ...io, files, args: ["unseal", "--key", "k.pem", "s.json", "-w", "o"] }), 0);
    assert.equal(
      await run({ ...io, files, args: ["unseal", "--key", "k.pem", "s.json", "--item", "user", "-w", "o"] }),
      0,
    );
    assert.deepEqual(access, ["owner-only", "owner-only", "owner-only"]);
  });
});

suite("--item", () => {
  const open = (args: readonly string[], objects: readonly object[]) =>
    runInMemory(["unseal", "--key", "k.pem", "--item", ...args], {
      stdin: objects.map((object) => `${toJson(object)}\n`).join(""),
      files: keys,
    });

  test("prints the bytes and nothing else, though other items do not open", async () => {
    const spec = sealed["spec"] as { encryptedData: Record<string, string> };
    const object = {
      ...sealed,
      spec: { encryptedData: { ...spec.encryptedData, bad: "AAAA", far: "kms:1:a" } },
    };
    assert.deepEqual(
      await open(["password"], [object]).then(({ stdout, stderr, code }) => [stdout, stderr, code]),
      ["hunter2", "", 0],
    );
    assert.match((await open(["bad"], [object])).stderr, /no key could decrypt secret \(bad\)/);
  });

  test("of a template needs the items it reads; one taken out by null is still there to be read", async () => {
    const spec = { ...(sealed["spec"] as object), template: { data: { url: "{{ .user }}@db", user: null } } };
    assert.equal((await open(["url"], [{ ...sealed, spec }])).stdout, "al@db");
    assert.equal((await open(["user"], [{ ...sealed, spec }])).stdout, "al");
  });

  test("that no SealedSecret has, or several, is refused; --name and --namespace choose", async () => {
    const web = await sealer.object({ namespace: "team-b", name: "web", items: { user: "bo" } });
    const none = await open(["nope"], [sealed, web]);
    assert.equal(none.code, 1);
    assert.match(
      none.stderr,
      /^error: none of 2 SealedSecrets has an item "nope"\nhint: items are password, user\n$/,
    );
    assert.match(
      (await open(["user"], [sealed, web])).stderr,
      /^error: 2 SealedSecrets have an item "user": .*document 1, .*document 2\n/,
    );
    assert.equal((await open(["user", "--name", "web"], [sealed, web])).stdout, "bo");
    assert.equal((await open(["user", "-n", "team-a"], [sealed, web])).stdout, "al");
    assert.match((await open(["user", "--name", "x"], [sealed])).stderr, /no SealedSecret of that name/);
  });

  test("of the whole-object form", async () => {
    const secret = { apiVersion: "v1", kind: "Secret", data: { a: "YQ==" } };
    const whole = await sealer.wholeObject({ ...db, secret });
    assert.equal((await open(["a"], [whole])).stdout, "a");
    assert.match((await open(["b"], [whole])).stderr, /has no item "b"\nhint: items are a/);
  });
});

suite("--raw", () => {
  const raw = (stdin: string, ...args: string[]) =>
    runInMemory(["unseal", "--key", "k.pem", "--raw", ...args], { stdin, files: keys });
  const at = { namespace: "team-a", name: "db" };

  test("80-82: opens a bare value of each scope, white space around it aside", async () => {
    const strict = await sealer.value("v1", { kind: "strict", ...at });
    const wide = await sealer.value("v2", { kind: "namespace-wide", namespace: "team-a" });
    const everywhere = await sealer.value("v3", { kind: "cluster-wide" });
    assert.equal((await raw(`\n${strict}\n`, "-n", "team-a", "--name", "db")).stdout, "v1");
    assert.equal((await raw(wide, "-n", "team-a", "--scope", "namespace-wide")).stdout, "v2");
    assert.equal((await raw(everywhere, "--scope", "cluster-wide")).stdout, "v3");
    const wrong = await raw(strict, "-n", "team-a", "--name", "web");
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /no key could decrypt secret \(value\): sealed for another name/);
    const file = await runInMemory(
      ["unseal", "--key", "-", "--raw", "--scope", "cluster-wide", "--from-file", "v"],
      { stdin: main.privatePem, files: { v: everywhere } },
    );
    assert.equal(file.stdout, "v3");
  });

  const refused: readonly [string, string, string[], number, RegExp][] = [
    [
      "no namespace",
      "AA==",
      ["--name", "db"],
      2,
      /must provide the --namespace flag with --raw and --scope strict/,
    ],
    ["no name", "AA==", ["-n", "a"], 2, /must provide the --name flag with --raw and --scope strict/],
    ["nothing", " \n", ["--scope", "cluster-wide"], 1, /standard input is empty/],
    ["another backend", "pq:1:x", ["--scope", "cluster-wide"], 1, /backend "pq"/],
    ["a plain value", "user:password", ["--scope", "cluster-wide"], 1, /never sealed/],
    ["no base64", "***", ["--scope", "cluster-wide"], 1, /illegal base64 data at input byte 0 \(value\)/],
    ["a wrong scope", "AA==", ["--scope", "wide"], 2, /--scope/],
    ["files", "AA==", ["k.pem"], 2, /--raw opens one bare value/],
    [
      "--item beside a classic value",
      "AA==",
      ["--item", "a", "--scope", "cluster-wide"],
      2,
      /for values of key services alone/,
    ],
    [
      "--item beside a value that nobody here opens",
      "pq:1:x",
      ["--item", "a", "--scope", "cluster-wide"],
      1,
      /^error: standard input: values of backend "pq" are not opened by this version of Signet/,
    ],
    ["--output-dir", "AA==", ["--output-dir", "o"], 2, /write no files of their own/],
  ];
  for (const [what, stdin, args, code, message] of refused) {
    test(`refuses ${what}`, async () => {
      const run = await raw(stdin, ...args);
      assert.equal(run.code, code);
      assert.match(run.stderr, message);
      assert.equal(run.stdout, "");
    });
  }

  test("its flags are refused without it", async () => {
    for (const flag of ["--scope=strict", "--from-file=a", "--name=a", "--namespace=a"]) {
      const run = await runInMemory(["unseal", "--key", "k.pem", flag], {
        stdin: toJson(sealed),
        files: keys,
      });
      assert.equal(run.code, 2, flag);
    }
  });
});
