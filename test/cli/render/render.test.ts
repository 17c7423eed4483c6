import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { toJson } from "../../../shared/document/to-json.ts";
import { toYaml } from "../../../shared/document/to-yaml.ts";
import type { KubeObject } from "../../support/control-plane/kube-object.ts";
import { base64, type SealedObject, testSealer } from "../../support/in-process-sealing.ts";
import { type MemoryRun, type MemoryWorld, runInMemory } from "../../support/memory-io.ts";
import { objectsIn } from "../../support/sealed-secret-scene.ts";
import { readTestKey } from "../../support/vectors.ts";

const key = readTestKey("2048");
const sealer = await testSealer(key.certificatePem);
const DB: SealedObject = { namespace: "team-a", name: "db", items: { user: "al", password: "hunter2" } };
const db = await sealer.object(DB);
const KEYS = { "k.pem": key.privatePem, "other.pem": readTestKey("other-2048").privatePem };

const PLAIN = `---
apiVersion: v1
data:
  password: aHVudGVyMg==
  user: YWw=
kind: Secret
metadata:
  name: db
  namespace: team-a
type: Opaque
`;

/** Renders files that lie in a folder `in`, with the key at hand unless other arguments are given. */
function render(
  files: Readonly<Record<string, string>>,
  args: readonly string[] = ["--key", "k.pem"],
  world: MemoryWorld = {},
): Promise<MemoryRun> {
  const inFolder = Object.entries(files).map(([path, text]) => [`in/${path}`, text]);
  const all = { ...KEYS, ...Object.fromEntries(inFolder), ...world.files };
  return runInMemory(["render", ...args, "in"], { ...world, files: all });
}

async function rendered(files: Readonly<Record<string, string>>, args?: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await render(files, args);
  assert.deepEqual([code, stderr], [0, ""]);
  return stdout;
}

async function refused(run: Promise<MemoryRun>, message: RegExp, code = 1): Promise<void> {
  const { stdout, stderr, ...rest } = await run;
  assert.deepEqual([rest.code, stdout], [code, ""], stderr);
  assert.match(stderr, message);
  assert.doesNotMatch(stderr, /hunter2/);
}

const seal = (changes: Partial<SealedObject>) => sealer.object({ ...DB, ...changes });
const configMap = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`;

suite("what comes out", () => {
  test("a plain Secret in the place of a sealed one, all else as it was written", async () => {
    const web = `# mine\n${configMap("web")}data: {a: yes, mode: 0644} # kept\n--- # next\n\n${configMap("x")}`;
    const files = { "a.yaml": web, "b.yaml": toYaml(db), "c.yml": configMap("y").trimEnd() };
    assert.equal(await rendered(files), `---\n${web}${PLAIN}---\n${configMap("y")}`);
  });

  test("JSON stays JSON, each object a document of its own; escapes that YAML lacks are written out", async () => {
    const one = '{"apiVersion": "v1",\n\t"kind": "ConfigMap", "metadata": {"name": "one"}}';
    const two = one.replace("one", "\\ud83d\\ude00");
    const stdout = await rendered({ "a.json": `${one} ${two}\n`, "b.json": toJson(db) });
    assert.ok(stdout.startsWith(`---\n${one}\n---\n{\n  "apiVersion": "v1",`));
    assert.ok(stdout.endsWith(PLAIN));
    assert.deepEqual(
      objectsIn(stdout).map(({ metadata }) => metadata.name),
      ["one", "\u{1f600}", "db"],
    );
  });

  test("with --format json objects one after another, numbers as Kubernetes reads them", async () => {
    const numbers = "data: {a: 0644, b: 1.0, c: 0x1F, d: True, e: -0o17, f: 1_000, g: .5, h: 0888}\n";
    const files = { "a.yaml": configMap("web") + numbers, "b.yaml": toYaml(db) };
    const stdout = await rendered(files, ["--key", "k.pem", "--format", "json"]);
    const [web = "", secret = ""] = stdout.split(/(?<=^\}\n)/m);
    const data = { a: 420, b: 1, c: 31, d: true, e: -15, f: 1000, g: 0.5, h: 888 };
    assert.deepEqual(JSON.parse(web).data, data);
    assert.deepEqual([JSON.parse(secret)], objectsIn(PLAIN));
    for (const number of [".inf", "12345678901234567890"]) {
      const args = ["--format", "json"];
      await refused(render({ "a.yaml": `${configMap("web")}n: ${number}\n` }, args), /would change in JSON/);
    }
    await refused(render(files, ["--format", "toml"]), /unsupported output format/, 2);
  });

  test("a List of which something was opened comes item by item, another one as it was written", async () => {
    const plain = `kind: List\napiVersion: v1\nitems:\n- ${JSON.stringify({ ...JSON.parse(toJson(db)), kind: "X" })}\n`;
    assert.equal(await rendered({ "a.yaml": plain }), `---\n${plain}`);
    const items = [{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "web" } }, db];
    const list = toJson({ apiVersion: "v1", kind: "List", items });
    const web = "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n";
    assert.equal(await rendered({ "a.json": list }), web + PLAIN);
    const { apiVersion: _, kind: __, ...bare } = db;
    const typed = toJson({ apiVersion: "bitnami.com/v1alpha1", kind: "SealedSecretList", items: [bare] });
    assert.equal(await rendered({ "a.json": typed }), PLAIN);
  });

  test("directives and byte order marks do not stand amid the stream; UTF-16 comes out in UTF-8", async () => {
    const stdout = await rendered({
      "a.yaml": configMap("a"),
      "b.yaml": `%YAML 1.2\n---\n${configMap("é")}`,
    });
    assert.equal(stdout, `---\n${configMap("a")}---\n${configMap("é")}`);
    assert.equal(await rendered({ "a.yaml": `\ufeff${configMap("a")}` }), `---\n${configMap("a")}`);
    const utf16 = Buffer.from(`\ufeff${configMap("é")}`, "utf16le");
    const { stdout: decoded } = await runInMemory(["render", "in"], { files: { "in/a.yaml": utf16 } });
    assert.equal(decoded, `---\n${configMap("é")}`);
    await refused(
      render({ "a.yaml": `%TAG !e! tag:yaml.org,2002:\n---\n${configMap("a")}n: !e!str 1\n` }),
      /directive/,
    );
  });

  test("documents that a line with ... separates stay, unless one of them would have to be replaced", async () => {
    const text = `${configMap("a")}...\n${configMap("b")}`;
    assert.equal(await rendered({ "a.yaml": text }), `---\n${text}`);
    await refused(render({ "a.yaml": `${configMap("a")}...\n${toYaml(db)}` }), /cannot be told apart/);
  });

  test("templates, labels, annotations, type and immutability are those that the controller makes", async () => {
    const template = {
      type: "example.com/own",
      immutable: true,
      metadata: {
        name: "ignored",
        labels: { app: "x" },
        annotations: { note: "hi", "signet.dev/managed-items": "[]" },
        finalizers: ["a/b"],
      },
      data: { url: "db://{{ .user }}", user: null },
    };
    const [secret] = objectsIn(await rendered({ "a.yaml": toYaml(await seal({ template })) }));
    assert.deepEqual(secret, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "db", namespace: "team-a", labels: { app: "x" }, annotations: { note: "hi" } },
      type: "example.com/own",
      immutable: true,
      data: { password: base64("hunter2"), url: base64("db://al") },
    });
  });

  test("standard input is rendered, too, keys from a file then", async () => {
    for (const args of [["render", "-"], ["render"]]) {
      const world = { files: KEYS, stdin: `${configMap("a")}---\n${toYaml(db)}` };
      const run = await runInMemory([...args, "--key", "k.pem"], world);
      assert.deepEqual([run.code, run.stdout], [0, `---\n${configMap("a")}${PLAIN}`], run.stderr);
    }
    const both = runInMemory(["render", "-", "--key", "-"], { stdin: key.privatePem });
    await refused(both, /cannot both come from standard input/, 2);
  });

  test("any manifests that hold nothing sealed come out with the same content, as often as one likes", async () => {
    const name = fc.string({ minLength: 1, unit: "grapheme" });
    const map = <T>(values: fc.Arbitrary<T>) => fc.dictionary(name, values, { noNullPrototype: true });
    const scalar = fc.oneof(
      name,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.constantFrom("yes", "0644"),
    );
    const object = map(fc.oneof(scalar, fc.array(scalar), map(scalar)))
      .filter((fields) => !("items" in fields) && !("sops" in fields))
      .map(
        (fields): KubeObject => ({ ...fields, apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x" } }),
      );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(object, fc.boolean()), { minLength: 1, maxLength: 4 }),
        async (given) => {
          const files = given.map(([each, isJson], at) => [
            `${at}.yaml`,
            isJson ? toJson(each) : toYaml(each),
          ]);
          const stdout = await rendered(Object.fromEntries(files));
          assert.deepEqual(
            objectsIn(stdout),
            given.map(([each]) => each),
          );
          assert.equal(await rendered({ "a.yaml": stdout }), stdout);
        },
      ),
      { numRuns: 40 },
    );
  });
});

suite("what does not open", () => {
  const keyless: readonly [what: string, args: string[], message: RegExp][] = [
    ["no key", [], /no private key was given/],
    ["another key", ["--key", "other.pem"], /not among those given, or damaged/],
  ];
  for (const [what, args, message] of keyless) {
    test(`goes out sealed with ${what}, for a controller, and a note tells of it; --strict refuses`, async () => {
      const run = await render({ "a.yaml": toYaml(db), "b.yaml": configMap("web") }, args);
      assert.deepEqual([run.code, run.stdout], [0, `---\n${toYaml(db)}---\n${configMap("web")}`]);
      assert.match(run.stderr, /^note: in\/a\.yaml: .*; left sealed, for a controller\n$/);
      assert.match(run.stderr, message);
      await refused(render({ "a.yaml": toYaml(db) }, ["--strict", ...args]), message);
    });
  }

  test("what the controller alone can read goes out sealed, too", async () => {
    const vault = [{ key: "token", mount: "kv", path: "db", field: "token" }];
    const text = toYaml({ ...db, spec: { ...(db["spec"] as object), vault } });
    const run = await render({ "a.yaml": text });
    assert.deepEqual([run.code, run.stdout], [0, `---\n${text}`]);
    assert.match(run.stderr, /^note: .*read from Vault by the controller.*token; left sealed/);
    await refused(
      render({ "a.yaml": text }, ["--strict", "--key", "k.pem"]),
      /read from Vault by the controller/,
    );
  });

  const damaged = JSON.stringify(db).replace(/(?<="password":"[^"]{360})[^"]{8}/, "AAAAAAAA");
  const wrong: readonly [what: string, text: string, message: RegExp][] = [
    ["damaged", damaged, /damaged/],
    [
      "sealed for another object",
      toYaml({ ...db, metadata: { ...db.metadata, name: "web" } }),
      /sealed for another name/,
    ],
    ["never sealed", toYaml({ ...db, spec: { encryptedData: { a: "user:hunter2" } } }), /never sealed/],
    ["no base64", toYaml({ ...db, spec: { encryptedData: { a: "hunter2!" } } }), /illegal base64/],
    ["of the next version", toYaml({ ...db, apiVersion: "bitnami.com/v1" }), /apiVersion must be/],
    ["not to be read", "apiVersion: v1\nkind: [", /line 2/],
    ["another tool's template", "kind: {{ .Values.kind }}\n", /another tool's template/],
  ];
  for (const [what, text, message] of wrong) {
    test(`is an error where it is ${what}, strict or not, and nothing comes out`, async () => {
      await refused(render({ "a.yaml": configMap("web"), "b.yaml": text }), message);
      await refused(render({ "b.yaml": text }, ["--strict", "--key", "k.pem"]), message);
    });
  }

  test("a template that fails is an error; one that is random is, unless it is permitted", async () => {
    const failing = toYaml(await seal({ template: { data: { a: "{{ fail .password }}" } } }));
    await refused(render({ "a.yaml": failing }), /template: a:1/);
    const random = toYaml(await seal({ template: { data: { a: "{{ randAlpha 4 }}" } } }));
    await refused(render({ "a.yaml": random }), /randAlpha/);
    await rendered({ "a.yaml": random }, ["--key", "k.pem", "--allow-nondeterministic-templates"]);
  });

  test("of several each is named, and nothing comes out", async () => {
    const run = render({ "a.json": damaged, "b.yaml": toYaml(db), "c.json": damaged });
    await refused(
      run,
      /^failed in\/a\.json: .*\nfailed in\/c\.json: .*\nerror: 2 objects cannot be rendered\n/,
    );
  });
});

suite("what is no object to be applied", () => {
  const wrong: readonly [what: string, text: string, message: RegExp][] = [
    ["values of another tool", "replicas: 3\n", /in\/a\.yaml is no manifest: it has no apiVersion and kind/],
    ["an object without a kind", "apiVersion: v1\n", /no manifest/],
    ["a text", "just words\n", /no manifest/],
    [
      "a kustomization by another name",
      "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Component\n",
      /kustomize/,
    ],
    ["nothing", "# nothing\n", /no manifests in what was given/],
  ];
  for (const [what, text, message] of wrong)
    test(`${what} is an error that names it`, () => refused(render({ "a.yaml": text }), message));

  test("a sealed object in a list that is none of ours would go out unseen", async () => {
    for (const kind of ["ConfigMapList", "Anything"]) {
      const list = toJson({ apiVersion: "v1", kind, items: [{ items: [db] }] });
      await refused(render({ "a.json": list }), /has a sealed object among its items/);
      await refused(
        render({ "a.json": toJson({ apiVersion: "v1", kind: "List", items: [JSON.parse(list)] }) }),
        /sealed object among its items/,
      );
    }
  });

  test("values of SOPS that lost what opens them are no plain values", async () => {
    for (const field of ["data", "stringData"]) {
      const text = `apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n${field}: {p: "ENC[AES256_GCM,data:x]"}\n`;
      await refused(render({ "a.yaml": text }), new RegExp(`${field}\\.p is encrypted by SOPS`));
    }
  });

  test("two objects that make one Secret are refused, in whatever files and forms", async () => {
    const secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: team-a}\n";
    const both = /in\/a\.yaml and in\/b\.yaml both make the Secret team-a\/db/;
    await refused(render({ "a.yaml": toYaml(db), "b.yaml": toYaml(db) }), both);
    await refused(render({ "a.yaml": secret, "b.yaml": toYaml(db) }), both);
    await refused(
      render({
        "a.yaml": toYaml(db),
        "b.yaml": toJson({
          apiVersion: "v1",
          kind: "List",
          items: [JSON.parse(toJson({ apiVersion: "v1", kind: "Secret", metadata: db.metadata }))],
        }),
      }),
      both,
    );
    const elsewhere = secret.replace("team-a", "team-b");
    await rendered({ "a.yaml": toYaml(db), "b.yaml": elsewhere });
  });
});

suite("whose values are opened", () => {
  test("those of the namespaces that are permitted, before any key is tried", async () => {
    const args = ["--key", "k.pem", "--allow-namespace", "team-a"];
    await rendered({ "a.yaml": toYaml(db) }, args);
    const other = toYaml(await seal({ namespace: "team-b" }));
    for (const keys of [["--key", "k.pem"], []])
      await refused(
        render({ "a.yaml": other }, [...args.slice(2), ...keys]),
        /team-b\/db is for a namespace/,
      );
    await refused(render({ "a.yaml": toYaml(db) }, ["--allow-namespace="]), /no namespace/, 2);
  });

  test("in a plugin of Argo CD those of its Application alone", async () => {
    const env = { ARGOCD_APP_NAME: "app", ARGOCD_APP_NAMESPACE: "team-a", ARGOCD_ENV_NS: "team-b" };
    const run = await render({ "a.yaml": toYaml(db) }, undefined, { env });
    assert.deepEqual([run.code, run.stdout], [0, PLAIN], run.stderr);
    const other = { ...env, ARGOCD_APP_NAMESPACE: "team-b" };
    await refused(
      render({ "a.yaml": toYaml(db) }, undefined, { env: other }),
      /is for a namespace that is not/,
    );
    const flags = ["--key", "k.pem", "--allow-namespace", "team-a,team-b"];
    await refused(render({ "a.yaml": toYaml(db) }, flags, { env: other }), /is for a namespace that is not/);
  });

  test("cluster-wide ones by a flag", async () => {
    const wide = toYaml(await seal({ scope: "cluster-wide" }));
    await refused(render({ "a.yaml": wide }), /sealed cluster-wide/);
    assert.equal(await rendered({ "a.yaml": wide }, ["--key", "k.pem", "--allow-cluster-wide"]), PLAIN);
    const nsWide = toYaml(await seal({ scope: "namespace-wide" }));
    assert.equal(await rendered({ "a.yaml": nsWide }), PLAIN);
  });

  test("an object without a namespace opens where --namespace says, and its Secret says so", async () => {
    const { namespace: _, ...metadata } = db.metadata;
    const text = toYaml({ ...db, metadata });
    await refused(render({ "a.yaml": text }), /sealed for another|does not|no key|sealed for/);
    assert.equal(await rendered({ "a.yaml": text }, ["--key", "k.pem", "-n", "team-a"]), PLAIN);
  });
});

suite("Secrets that the controller refuses to write", () => {
  const LABEL = "sealedsecrets.bitnami.com/sealed-secrets-key";
  const token = "kubernetes.io/service-account-token";
  const annotation = "reflector.v1.k8s.emberstack.com/reflects";
  const forbidden: readonly [
    what: string,
    changes: Partial<SealedObject>,
    message: RegExp,
    permits: string[],
  ][] = [
    [
      "keys of the controller",
      { template: { metadata: { labels: { [LABEL]: "active" } } } },
      /by which controllers find/,
      [],
    ],
    [
      "Secrets of its own",
      { namespace: "kube-system", name: "signet-record-key" },
      /kept for the controller's own/,
      [],
    ],
    [
      "its keys",
      { namespace: "kube-system", name: "sealed-secrets-keyabcde" },
      /kept for the controller's own/,
      [],
    ],
    [
      "credentials",
      { template: { type: token } },
      /hands out credentials/,
      ["--allowed-secret-types", token],
    ],
    [
      "copies",
      { template: { metadata: { annotations: { [annotation]: "true" } } } },
      /copied elsewhere/,
      ["--allowed-annotations", "reflector.*"],
    ],
  ];
  for (const [what, changes, message, permits] of forbidden) {
    test(`${what}: refused${permits.length > 0 ? ", unless permitted" : ""}`, async () => {
      const files = { "a.yaml": toYaml(await seal(changes)) };
      await refused(render(files), message);
      if (permits.length > 0) await rendered(files, ["--key", "k.pem", ...permits]);
    });
  }

  test("what lies hidden in the old whole-object form is judged, too", async () => {
    const metadata = { labels: { [LABEL]: "active" } };
    const secret = { apiVersion: "v1", kind: "Secret", metadata, data: { a: "YQ==" } };
    await refused(
      render({ "a.yaml": toYaml(await sealer.wholeObject({ ...DB, secret })) }),
      /by which controllers find/,
    );
    const harmless = { ...secret, metadata: {} };
    const opened = await rendered({
      "a.yaml": toYaml(await sealer.wholeObject({ ...DB, secret: harmless })),
    });
    assert.deepEqual(objectsIn(opened)[0]?.["data"], { a: "YQ==" });
  });
});

suite("where it goes", () => {
  const files = { "a.yaml": toYaml(db) };

  test("to a terminal only when asked for, which is known before a key is read", async () => {
    const world: MemoryWorld = { terminals: ["stdout"] };
    await refused(render(files, ["--key", "none.pem"], world), /not printed on a terminal/, 2);
    const run = await render(files, ["--key", "k.pem", "-o", "-"], world);
    assert.deepEqual([run.code, run.stdout], [0, PLAIN]);
  });

  test("to a file, and then nowhere else", async () => {
    const run = await render(files, ["--key", "k.pem", "-o", "plain.yaml"], { terminals: ["stdout"] });
    assert.deepEqual([run.code, run.stdout, run.files.get("plain.yaml")], [0, "", PLAIN], run.stderr);
    const failed = await render(files, ["--strict", "-o", "plain.yaml"], {
      files: { "plain.yaml": "before" },
    });
    assert.deepEqual([failed.code, failed.files.get("plain.yaml")], [1, "before"]);
  });

  test("never over what it is made of, nor among it", async () => {
    for (const path of ["in/a.yaml", "in/plain.yaml", "in/deep/plain.json", "in/../in/plain.yml"])
      await refused(render(files, ["--key", "k.pem", "-o", path]), /in\/.* lies in in: /, 2);
    const named = runInMemory(["render", "in/a.yaml", "-o", "in/a.yaml"], {
      files: { "in/a.yaml": toYaml(db) },
    });
    await refused(named, /is rendered itself/, 2);
    await refused(render(files, ["-o", "in"]), /it is a folder/);
    const apart = await render(files, ["--key", "k.pem", "-o", "in/.plain.yaml"]);
    assert.equal(apart.code, 0);
  });
});
