import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { parse } from "yaml";
import { runKrm } from "../../../cli/kustomize/krm.ts";
import { sopsWrapper } from "../../../shared/document/sops/keys/wrapper.ts";
import { writeSopsTree } from "../../../shared/document/sops/write-tree.ts";
import { toYaml } from "../../../shared/document/to-yaml.ts";
import { type SealedObject, testSealer } from "../../support/in-process-sealing.ts";
import { type MemoryRun, type MemoryWorld, memoryIo } from "../../support/memory-io.ts";
import { PlainSopsKeys } from "../../support/plain-sops-keys.ts";
import { ENCRYPTED_AT, encryptedTree } from "../../support/sops-documents.ts";
import { newAgeIdentity } from "../../support/sops-keys.ts";
import { readTestKey } from "../../support/vectors.ts";

const key = readTestKey("2048");
const sealer = await testSealer(key.certificatePem);
const DB = { namespace: "shop", name: "db", items: { password: "hunter2" } } satisfies SealedObject;
const db = await sealer.object(DB);
const seal = (changes: Partial<SealedObject>) => sealer.object({ ...DB, ...changes });
const identity = await newAgeIdentity();

const INTERNAL = "internal.config.kubernetes.io";
const RENDER = { kind: "RenderSecrets", allowNamespaces: ["shop"] };

/** An object as kustomize 5.8.2 hands it to a transformer. */
function marked(object: object, more: Record<string, string> = {}): object {
  const { metadata, ...rest } = object as { metadata: { annotations?: object } };
  const marks = {
    "config.kubernetes.io/index": "0",
    [`${INTERNAL}/id`]: "1",
    "kustomize.config.k8s.io/id": "kind: X\nname: x\n",
  };
  return { ...rest, metadata: { ...metadata, annotations: { ...metadata.annotations, ...marks, ...more } } };
}

const inList = (text: string) => `- ${text.replaceAll(/\n(?=[^\n])/g, "\n  ")}`;

/** @param items texts, or objects to be written; null for what a generator gets. */
async function run(
  config: object,
  items: readonly (string | object)[] | null,
  world: MemoryWorld = {},
): Promise<MemoryRun> {
  const functionConfig = {
    apiVersion: "signet.dev/v1alpha1",
    metadata: { name: "fn", namespace: "shop" },
    ...config,
  };
  const own = marked(functionConfig, { "config.kubernetes.io/local-config": "true" });
  const texts = (items ?? [own]).map((item) => inList(typeof item === "string" ? item : toYaml(item)));
  const head = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n";
  const list = texts.length === 0 ? "items: []\n" : `items:\n${texts.join("")}`;
  const asked = `functionConfig: ${JSON.stringify(functionConfig)}\n`;
  const { io, left } = memoryIo([], {
    ...world,
    stdin: head + list + asked,
    env: { SEALED_SECRETS_KEY: "/keys/k.pem", SOPS_AGE_KEY: identity.text, ...world.env },
    files: { "/keys/k.pem": key.privatePem, ...world.files },
  });
  return left(await runKrm(io));
}

async function answered(...args: Parameters<typeof run>): Promise<Record<string, unknown>[]> {
  const { code, stdout, stderr } = await run(...args);
  assert.deepEqual([code, stderr], [0, ""]);
  return parse(stdout).items;
}

async function refused(work: Promise<MemoryRun>, message: RegExp): Promise<void> {
  const { code, stdout, stderr } = await work;
  assert.deepEqual([code, stdout], [1, ""], stderr);
  assert.match(stderr, message);
  assert.doesNotMatch(stderr, /hunter2|--[a-z]/);
}

const annotationsOf = (object: Record<string, unknown> | undefined) =>
  (object?.["metadata"] as { annotations?: Record<string, string> } | undefined)?.annotations;

suite("a ResourceList", () => {
  test("has what nothing was opened of given back letter by letter", async () => {
    const text = `apiVersion: v1 # mine\ndata:\n  "1": yes\n  mode: 0644\n  text: |2\n     a\n\n    b\n  n: 12345678901234567890\nkind: ConfigMap\nmetadata:\n  name: 'x'\nspec:\n  text: |+\n    a\n\n\n`;
    const { stdout, stderr } = await run(RENDER, [text, db, text.replace("'x'", "y")]);
    assert.equal(stderr, "");
    const [first, , last] = stdout.slice(stdout.indexOf("- ")).split(/^(?=- )/m);
    assert.deepEqual([first, last], [inList(text), inList(text.replace("'x'", "y"))]);
    assert.equal(parse(stdout).items[1].kind, "Secret");
  });

  test("may be empty, or in flow style; anything else is refused", async () => {
    assert.deepEqual(await answered(RENDER, []), []);
    const list = { apiVersion: "config.kubernetes.io/v1", kind: "ResourceList", items: [db] };
    const functionConfig = { apiVersion: "signet.dev/v1alpha1", metadata: { name: "fn" }, ...RENDER };
    const world = { env: { SEALED_SECRETS_KEY: "k.pem" }, files: { "k.pem": key.privatePem } };
    const { io, left } = memoryIo([], { ...world, stdin: JSON.stringify({ ...list, functionConfig }) });
    assert.equal(parse(left(await runKrm(io)).stdout).items[0].kind, "Secret");
    for (const stdin of ["", "a: 1\n", toYaml(db), JSON.stringify({ ...list, items: 1, functionConfig })]) {
      const other = memoryIo([], { stdin });
      assert.equal(other.left(await runKrm(other.io)).code, 1);
    }
  });

  test("says what is to be done in fields that are all known", async () => {
    await refused(run({ kind: "RenderSecrets" }, []), /does not say of which namespaces/);
    await refused(
      run({ ...RENDER, allowNamespace: ["x"] }, []),
      /RenderSecrets fn: allowNamespace is no field of it/,
    );
    await refused(run({ ...RENDER, needsHash: "true" }, []), /needsHash must be true or false/);
    await refused(run({ ...RENDER, allowNamespaces: "shop" }, []), /allowNamespaces must be a list/);
    await refused(run({ ...RENDER, key: "k.pem" }, []), /key is no field of it/);
    await refused(run({ kind: "Render" }, []), /kind must be RenderSecrets or/);
    await refused(run({ ...RENDER, apiVersion: "v1" }, []), /must say apiVersion: signet.dev\/v1alpha1/);
  });
});

suite("RenderSecrets, as a transformer", () => {
  test("keeps the marks of the build, adds none, and calls former kinds Secrets", async () => {
    const marks = {
      [`${INTERNAL}/previousKinds`]: "SealedSecret,SealedSecret",
      [`${INTERNAL}/previousNames`]: "db,db",
    };
    const own = { annotations: { mine: "x" }, labels: { a: "b" } };
    const [secret] = await answered(RENDER, [marked(await seal({ template: { metadata: own } }), marks)]);
    assert.deepEqual(annotationsOf(secret), {
      mine: "x",
      "config.kubernetes.io/index": "0",
      [`${INTERNAL}/id`]: "1",
      "kustomize.config.k8s.io/id": "kind: X\nname: x\n",
      [`${INTERNAL}/previousNames`]: "db,db",
      [`${INTERNAL}/previousKinds`]: "Secret,Secret",
    });
    const [plain] = await answered(RENDER, [await seal({ annotations: { mine: "x" } })]);
    assert.equal(annotationsOf(plain), undefined);
  });

  test("asks for a digest in kustomize's own words, for all or for one", async () => {
    const wanted = { "kustomize.config.k8s.io/needs-hash": "true" };
    const enabled = { [`${INTERNAL}/needsHashSuffix`]: "enabled" };
    const [all] = await answered({ ...RENDER, needsHash: true }, [db]);
    assert.deepEqual(annotationsOf(all), enabled);
    const template = { metadata: { annotations: wanted } };
    const ones = [
      await seal({ annotations: wanted }),
      await seal({ name: "b", template }),
      await seal({ name: "c" }),
    ];
    const found = await answered(RENDER, ones);
    assert.deepEqual(found.map(annotationsOf), [enabled, enabled, undefined]);
  });

  test("opens what is allowed alone", async () => {
    const bank = await seal({ namespace: "bank" });
    await refused(
      run(RENDER, [bank]),
      /bank\/db is for a namespace that is not rendered here.*\n.*allowNamespaces/,
    );
    const both = { ...RENDER, allowNamespaces: ["shop", "bank"] };
    assert.equal((await answered(both, [bank])).length, 1);
    const bound = { env: { SEALED_SECRETS_ALLOW_NAMESPACE: "shop,other" } };
    await refused(run(both, [db], bound), /allowNamespaces names "bank", which this build may not open/);
    assert.equal((await answered(RENDER, [db], bound)).length, 1);
    const {
      metadata: { namespace: _, ...metadata },
      ...rest
    } = db;
    await refused(run({ ...RENDER, namespace: "shop" }, [{ ...rest, metadata }]), /db names no namespace/);
    const wide = await seal({ scope: "cluster-wide" });
    await refused(run(RENDER, [wide]), /or permit such values with allowClusterWide: true/);
    assert.equal((await answered({ ...RENDER, allowClusterWide: true }, [wide])).length, 1);
  });

  test("leaves nothing sealed unless it may", async () => {
    const without = { env: { SEALED_SECRETS_KEY: "" } };
    await refused(
      run(RENDER, [db], without),
      /SealedSecret shop\/db: .*; RenderSecrets fn leaves nothing sealed/,
    );
    const { code, stdout, stderr } = await run({ ...RENDER, leaveSealed: true }, [db], without);
    assert.deepEqual([code, parse(stdout).items], [0, [db]]);
    assert.match(stderr, /^note: SealedSecret shop\/db: .* left sealed/);
  });

  test("tells of each that fails, and of what was renamed", async () => {
    const renamed = marked(await seal({ name: "p-db", sealedFor: { name: "db" } }), {
      [`${INTERNAL}/previousNames`]: "db",
      [`${INTERNAL}/previousNamespaces`]: "default",
    });
    await refused(
      run(RENDER, [renamed]),
      /; kustomize renamed it, it was db, and what is sealed cannot be renamed/,
    );
    const broken = await seal({ name: "x", sealedFor: { name: "y" } });
    const { stderr } = await run(RENDER, [renamed, broken]);
    assert.match(
      stderr,
      /^failed SealedSecret shop\/p-db.*\nfailed SealedSecret shop\/x.*\nerror: 2 objects cannot be rendered/,
    );
    assert.equal(stderr.match(/renamed it/g)?.length, 1);
  });

  test("refuses a second Secret of one name, and files of its own", async () => {
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "db", namespace: "shop" } };
    await refused(run(RENDER, [db, secret]), /both make the Secret shop\/db/);
    await refused(run({ ...RENDER, files: ["a.yaml"] }, [db]), /names files, which only a generator adds/);
  });

  test("opens a SOPS document that only the marks of the build changed", async () => {
    const text = await encrypted("data: {}\n");
    const added = `  annotations:\n    ${INTERNAL}/id: '1'\n`;
    const asSeen = text.replace(
      /^metadata:\n(?: .*\n)+/m,
      (metadata) => metadata.replaceAll(/^ {4}/gm, "  ") + added,
    );
    const config = { ...RENDER, allowUnbound: true };
    const [secret] = await answered(config, [asSeen]);
    assert.deepEqual([secret?.["kind"], annotationsOf(secret)], ["Secret", { [`${INTERNAL}/id`]: "1" }]);
    await refused(run(RENDER, [asSeen]), /permit such documents with allowUnbound: true/);
    await refused(
      run(config, [asSeen.replace("name: db", "name: p-db")]),
      /name the file itself under files of a RenderSecrets generator/,
    );
  });
});

suite("RenderSecrets, as a generator", () => {
  const files = { "s.yaml": toYaml(db), "t/x.yaml": toYaml(db), "/etc/s.yaml": toYaml(db) };

  test("makes Secrets of its files and leaves its configuration out", async () => {
    const config = { ...RENDER, files: ["s.yaml"], needsHash: true, behavior: "merge" };
    const [secret, ...others] = await answered(config, null, { files });
    assert.deepEqual([secret?.["kind"], others], ["Secret", []]);
    const asked = {
      "kustomize.config.k8s.io/needs-hash": "true",
      "kustomize.config.k8s.io/behavior": "merge",
    };
    assert.deepEqual(annotationsOf(secret), asked);
    const sops = await answered({ ...RENDER, files: ["s.yaml"], allowUnbound: true }, null, {
      files: { "s.yaml": await encrypted() },
    });
    assert.deepEqual(sops[0]?.["data"], { password: "aHVudGVyMg==" });
  });

  test("reads nothing outside of its folder", async () => {
    for (const path of ["../s.yaml", "t/../../s.yaml", "/etc/s.yaml", "-", "C:\\s.yaml"]) {
      await refused(
        run({ ...RENDER, files: [path] }, null, { files }),
        /leads out of the folder of the kustomization/,
      );
    }
    await refused(run(RENDER, null), /names no files/);
  });

  test("does not pass over a link that leads out of its folder", async () => {
    const { io, left } = memoryIo([], { files: { ...files, "/keys/k.pem": key.privatePem } });
    const functionConfig = {
      apiVersion: "signet.dev/v1alpha1",
      metadata: { name: "fn" },
      ...RENDER,
      files: ["s.yaml"],
    };
    const own = marked(functionConfig, { "config.kubernetes.io/local-config": "true" });
    const stdin = JSON.stringify({ kind: "ResourceList", items: [own], functionConfig });
    const realPath = (path: string) =>
      path === "s.yaml" ? "/etc/s.yaml" : path === "." ? "/in" : `/in/${path}`;
    const read = () => new TextEncoder().encode(stdin);
    const code = await runKrm({
      ...io,
      stdin: { isTerminal: false, read },
      files: { ...io.files, realPath },
    });
    assert.match(left(code).stderr, /"s.yaml" leads out of the folder/);
  });
});

suite("CheckSealedSecrets", () => {
  test("judges SealedSecrets by what kustomize did to them and what their scope allows", async () => {
    const was = (name: string, namespace: string) => ({
      [`${INTERNAL}/previousNames`]: name,
      [`${INTERNAL}/previousNamespaces`]: namespace,
    });
    const check = (object: object, marks: Record<string, string>) =>
      run({ kind: "CheckSealedSecrets" }, [marked(object, marks)]);
    await refused(check(db, was("d", "shop")), /is sealed strict, and kustomize renamed it: it was shop\/d/);
    await refused(check(db, was("db", "bank")), /it was bank\/db/);
    const wide = await seal({ scope: "namespace-wide" });
    await refused(check(wide, was("db", "bank")), /is sealed namespace-wide/);
    const fine = [
      check(wide, was("d", "shop")),
      check(db, was("db,db", "default,shop")),
      check(await seal({ scope: "cluster-wide" }), was("d", "bank")),
    ];
    for (const { code } of await Promise.all(fine)) assert.equal(code, 0);
    const other = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x", namespace: "shop" } };
    assert.equal((await check(other, was("y", "bank"))).code, 0);
  });
});

async function encrypted(more = ""): Promise<string> {
  const text = `apiVersion: v1\nkind: Secret\nmetadata:\n    name: db\n    namespace: shop\nstringData:\n    password: hunter2\n${more}`;
  const documents = await encryptedTree(text, new PlainSopsKeys(), {
    groups: [[{ type: "age", recipient: identity.recipient }]],
    selection: { rule: "encrypted_regex", pattern: "^(data|stringData)$" },
    wrapper: sopsWrapper({ kms: null, vault: null, now: () => ENCRYPTED_AT }),
  });
  return writeSopsTree(documents, "yaml");
}
