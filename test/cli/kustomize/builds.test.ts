import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { sopsWrapper } from "../../../shared/document/sops/keys/wrapper.ts";
import { writeSopsTree } from "../../../shared/document/sops/write-tree.ts";
import type { KubeObject } from "../../support/control-plane/kube-object.ts";
import { objectOf, objectsIn } from "../../support/helm.ts";
import { base64, type SealedObject, testSealer } from "../../support/in-process-sealing.ts";
import { BOTH_FLAGS, KustomizeWorld } from "../../support/kustomize.ts";
import { PlainSopsKeys } from "../../support/plain-sops-keys.ts";
import { ENCRYPTED_AT, encryptedTree } from "../../support/sops-documents.ts";
import { newAgeIdentity } from "../../support/sops-keys.ts";
import { readTestKey } from "../../support/vectors.ts";

const key = readTestKey("2048");
const sealer = await testSealer(key.certificatePem);
const identity = await newAgeIdentity();
const world = await KustomizeWorld.start({ SOPS_AGE_KEY: identity.text });
after(() => world.stop());
const env = {
  SEALED_SECRETS_KEY: join(world.folder, "k.pem"),
  SEALED_SECRETS_CERT: join(world.folder, "cert.pem"),
};
await world.write({ "k.pem": key.privatePem, "cert.pem": key.certificatePem });

const DOCS = await readFile(join(import.meta.dirname, "../../../docs/kustomize.md"), "utf8");
const EXAMPLES = join(import.meta.dirname, "../../../examples/kustomize");
const NAME_REFERENCES = await readFile(join(EXAMPLES, "name-references.yaml"), "utf8");

const DB = { namespace: "shop", name: "db", items: { password: "hunter2" } } satisfies SealedObject;
const seal = (changes: Partial<SealedObject> = {}) => sealer.object({ ...DB, ...changes });
const web = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web" },
  spec: { template: { spec: { containers: [{ name: "a", envFrom: [{ secretRef: { name: "db" } }] }] } } },
};

function config(kind: string, fields: object = {}, metadata: object = {}): object {
  const annotations = { "config.kubernetes.io/function": "exec: {path: signet-krm}" };
  const apiVersion = "signet.dev/v1alpha1";
  return { apiVersion, kind, metadata: { name: "fn", annotations, ...metadata }, ...fields };
}

const RENDER = config("RenderSecrets", { allowNamespaces: ["shop"] });
const HASHED = config("RenderSecrets", { allowNamespaces: ["shop"], needsHash: true });

async function build(folder: string, files: Readonly<Record<string, string | object>>, top = folder) {
  const inFolder = Object.entries(files).map(([path, content]) => [`${folder}/${path}`, content]);
  await world.write(Object.fromEntries(inFolder));
  return world.shell(top, `kustomize build ${BOTH_FLAGS.join(" ")} .`, env);
}

async function built(...args: Parameters<typeof build>): Promise<KubeObject[]> {
  const { code, stdout, stderr } = await build(...args);
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stdout, /config\.kubernetes\.io|config\.k8s\.io/, "marks of the build are left");
  return objectsIn(stdout);
}

async function refused(run: ReturnType<typeof build>, message: RegExp): Promise<void> {
  const { code, stdout, stderr } = await run;
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, message);
  assert.doesNotMatch(stderr, /hunter2/);
}

/** The name of the Secret that the Deployment takes, and of the one object that there is. */
function names(objects: readonly KubeObject[], kind = "Secret"): [taken: string, made: string] {
  const { spec } = objectOf(objects, "Deployment") as unknown as typeof web;
  return [
    spec.template.spec.containers[0]?.envFrom[0]?.secretRef.name ?? "",
    objectOf(objects, kind).metadata.name,
  ];
}

suite("what is switched on", () => {
  test("without --enable-exec functions are skipped in silence, and the check in the docs tells", async () => {
    const files = {
      "kustomization.yaml": { resources: ["s.yaml"], transformers: ["r.yaml"] },
      "s.yaml": await seal(),
      "r.yaml": await readFile(join(EXAMPLES, "render", "render.yaml"), "utf8"),
    };
    await refused(
      build("flags", files).then(() => world.build("flags", [])),
      /external plugins disabled/,
    );
    const { code, stdout } = await world.build("flags", ["--enable-alpha-plugins"]);
    assert.equal(code, 0);
    assert.match(stdout, /kind: SealedSecret/);
    const [, check = ""] = /```bash\n(built=.*?)```/s.exec(DOCS) ?? [];
    assert.match(check, /kustomize build --enable-alpha-plugins --enable-exec/);
    const line = check.replace("overlays/prod", ".").replace("kubectl apply -f -", "cat");
    const checked = await world.shell("flags", line, env);
    assert.deepEqual([checked.code, objectsIn(checked.stdout).map(({ kind }) => kind)], [0, ["Secret"]]);
    const skipped = await world.shell("flags", line.replace("--enable-exec", ""), env);
    assert.deepEqual([skipped.code, skipped.stdout], [1, ""]);
  });

  test("what fails stops the build, and says why", async () => {
    const files = {
      "kustomization.yaml": { resources: ["s.yaml"], transformers: ["r.yaml"] },
      "r.yaml": RENDER,
    };
    await refused(
      build("fails", { ...files, "s.yaml": await seal({ namespace: "bank" }) }),
      /bank\/db is for a namespace that is not rendered here/,
    );
  });
});

suite("RenderSecrets among transformers", () => {
  const resources = ["s.yaml", "web.yaml"];

  test("takes name and namespace from the same layer, and references follow", async () => {
    const plain = { "s.yaml": await seal({ name: "p-db-s" }).then(named("db")), "web.yaml": web };
    const layer = {
      resources,
      namespace: "shop",
      namePrefix: "p-",
      nameSuffix: "-s",
      transformers: ["r.yaml"],
    };
    const objects = await built("layer", { ...plain, "kustomization.yaml": layer, "r.yaml": RENDER });
    assert.deepEqual(names(objects), ["p-db-s", "p-db-s"]);
    assert.deepEqual(objectOf(objects, "Secret"), {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "p-db-s", namespace: "shop" },
      type: "Opaque",
      data: { password: base64("hunter2") },
    });
    const [taken, made] = names(await built("layer", { "r.yaml": HASHED }));
    assert.match(made, /^p-db-s-[a-z0-9]{10}$/);
    assert.equal(taken, made);
  });

  test("an overlay renames what was rendered below it, digest and references included", async () => {
    const base = { resources, namespace: "shop", transformers: ["r.yaml"] };
    const overlay = { resources: ["base"], namePrefix: "o-" };
    const files = {
      "base/kustomization.yaml": base,
      "base/s.yaml": await seal(),
      "base/web.yaml": web,
      "base/r.yaml": HASHED,
    };
    const [taken, made] = names(await built("over", { ...files, "kustomization.yaml": overlay }));
    assert.match(made, /^o-db-[a-z0-9]{10}$/);
    assert.equal(taken, made);
  });

  test("a strict value that was renamed or moved is refused in words; a namespace-wide one stands renaming", async () => {
    const layer = { resources: ["s.yaml"], transformers: ["r.yaml"] };
    const files = {
      "r.yaml": RENDER,
      "s.yaml": await seal(),
      "kustomization.yaml": { ...layer, namePrefix: "p-" },
    };
    await refused(build("strict", files), /it was shop\/db, and what is sealed cannot be renamed/);
    const wide = await seal({ scope: "namespace-wide" });
    assert.equal(objectOf(await built("strict", { "s.yaml": wide }), "Secret").metadata.name, "p-db");
    const moved = { ...layer, namespace: "shop" };
    const elsewhere = await seal({ namespace: "bank", scope: "namespace-wide" });
    await refused(build("strict", { "s.yaml": elsewhere, "kustomization.yaml": moved }), /it was bank\/db/);
  });

  test("a Secret that SOPS encrypted is for a generator, since builds change what SOPS authenticates", async () => {
    const fields = { allowNamespaces: ["shop"], allowUnbound: true };
    const layer = { resources: ["db.sops.yaml"], namespace: "shop", transformers: ["r.yaml"] };
    const files = { "db.sops.yaml": await encrypted(), "r.yaml": config("RenderSecrets", fields) };
    await refused(
      build("sops", { ...files, "kustomization.yaml": layer }),
      /name the file itself under files of a RenderSecrets generator/,
    );
    const generator = config("RenderSecrets", { ...fields, files: ["db.sops.yaml"] });
    const objects = await built("sops", {
      "kustomization.yaml": { generators: ["g.yaml"] },
      "g.yaml": generator,
    });
    assert.deepEqual(objectOf(objects, "Secret")["data"], { password: base64("hunter2") });
  });
});

suite("RenderSecrets among generators", () => {
  test("makes Secrets of files, with a digest, which references follow", async () => {
    const fields = { allowNamespaces: ["shop"], namespace: "shop", needsHash: true, files: ["s.yaml"] };
    const { namespace: _, ...metadata } = (await seal()).metadata;
    const objects = await built("generator", {
      "kustomization.yaml": {
        resources: ["web.yaml"],
        generators: ["g.yaml"],
        namespace: "shop",
        namePrefix: "p-",
      },
      "web.yaml": web,
      "g.yaml": config("RenderSecrets", fields),
      "s.yaml": { ...(await seal()), metadata },
    });
    const [taken, made] = names(objects);
    assert.match(made, /^p-db-[a-z0-9]{10}$/);
    assert.equal(taken, made);
    assert.equal(objects.length, 2);
  });

  test("merges with secretGenerator, over it and under it", async () => {
    const fields = { allowNamespaces: ["shop"], needsHash: true, files: ["s.yaml"] };
    const literals = (behavior: string) => [
      { name: "db", namespace: "shop", behavior, literals: ["user=al"] },
    ];
    const over = {
      "base/kustomization.yaml": { secretGenerator: literals("create") },
      "kustomization.yaml": { resources: ["base"], generators: ["g.yaml"] },
      "g.yaml": config("RenderSecrets", { ...fields, behavior: "merge" }),
      "s.yaml": await seal(),
    };
    const under = {
      "base/kustomization.yaml": { generators: ["g.yaml"] },
      "base/g.yaml": config("RenderSecrets", fields),
      "base/s.yaml": await seal(),
      "kustomization.yaml": { resources: ["base"], secretGenerator: literals("merge") },
    };
    const data = { password: base64("hunter2"), user: base64("al") };
    const both = await Promise.all([built("merge-over", over), built("merge-under", under)]);
    for (const objects of both) {
      const secret = objectOf(objects, "Secret");
      assert.deepEqual(secret["data"], data);
      assert.match(secret.metadata.name, /^db-[a-z0-9]{10}$/);
    }
    const created = config("RenderSecrets", { ...fields, behavior: "create" });
    await refused(build("merge-over", { "g.yaml": created }), /exists/);
  });
});

suite("SealedSecretGenerator", () => {
  test("seals once by hand, and every build then gives the same without keys and inputs", async () => {
    const files = await Promise.all(
      ["kustomization.yaml", "database.yaml", "check.yaml"].map(async (file) => [
        file,
        await readFile(join(EXAMPLES, "seal", file), "utf8"),
      ]),
    );
    await world.write({ "sealing/database.env": "password=hunter2\n" });
    await refused(world.shell("sealing", "signet-krm seal nothing.yaml", env), /there is no file/);
    const fresh = await build("sealing", Object.fromEntries(files));
    assert.equal(fresh.code, 0, fresh.stderr);
    assert.match(
      fresh.stderr,
      /sealed shop\/database: scope strict.*\n.*sealed anew with every build: password/,
    );
    const sealed = await world.shell("sealing", "signet-krm seal database.yaml && rm database.env", env);
    assert.deepEqual([sealed.code, sealed.stdout], [0, ""], sealed.stderr);
    const [one, two] = await Promise.all([world.build("sealing"), world.build("sealing")]);
    assert.deepEqual([one.code, one.stderr, one.stdout], [0, "", two.stdout]);
    assert.notEqual(one.stdout, fresh.stdout);
    await world.write({
      "sealing-over/kustomization.yaml": { resources: ["../sealing"], transformers: ["r.yaml"] },
      "sealing-over/r.yaml": RENDER,
    });
    const { stdout } = await world.shell("sealing-over", `kustomize build ${BOTH_FLAGS.join(" ")} .`, env);
    assert.deepEqual(objectOf(objectsIn(stdout), "Secret")["data"], { password: base64("hunter2") });
  });

  test("a namespace-wide one may have a digest; references follow by the shipped configuration", async () => {
    const fields = {
      scope: "namespace-wide",
      literals: ["password=hunter2"],
      sealedFile: "s.yaml",
      needsHash: true,
    };
    const kustomization = {
      resources: ["web.yaml"],
      namespace: "shop",
      namePrefix: "p-",
      generators: ["g.yaml"],
    };
    const objects = await built("digest", {
      "kustomization.yaml": { ...kustomization, configurations: ["name-references.yaml"] },
      "name-references.yaml": NAME_REFERENCES,
      "web.yaml": web,
      "g.yaml": config("SealedSecretGenerator", fields, { name: "db", namespace: "shop" }),
      "s.yaml": await seal({ scope: "namespace-wide" }),
    });
    const [taken, made] = names(objects, "SealedSecret");
    assert.match(made, /^p-db-[a-z0-9]{10}$/);
    assert.equal(taken, made);
    const [unknown] = names(await built("digest", { "kustomization.yaml": kustomization }), "SealedSecret");
    assert.equal(unknown, "db");
  });
});

suite("CheckSealedSecrets", () => {
  test("fails where a strict one was renamed, and lets others through as they are", async () => {
    const layer = { resources: ["s.yaml"], transformers: ["c.yaml"], namePrefix: "p-" };
    const files = {
      "kustomization.yaml": layer,
      "c.yaml": config("CheckSealedSecrets"),
      "s.yaml": await seal(),
    };
    await refused(
      build("check", files),
      /SealedSecret shop\/p-db is sealed strict, and kustomize renamed it/,
    );
    const [object] = await built("check", { "s.yaml": await seal({ scope: "namespace-wide" }) });
    assert.equal(object?.metadata.name, "p-db");
  });
});

/** The object under another name, without its namespace, as a base has it. */
function named(name: string): (object: KubeObject) => object {
  return ({ metadata: { namespace: _, ...metadata }, ...object }) => ({
    ...object,
    metadata: { ...metadata, name },
  });
}

async function encrypted(): Promise<string> {
  const text =
    "kind: Secret\napiVersion: v1\nmetadata: {name: db, namespace: shop}\nstringData: {password: hunter2}\n";
  const documents = await encryptedTree(text, new PlainSopsKeys(), {
    groups: [[{ type: "age", recipient: identity.recipient }]],
    selection: { rule: "encrypted_regex", pattern: "^(data|stringData)$" },
    wrapper: sopsWrapper({ kms: null, vault: null, now: () => ENCRYPTED_AT }),
  });
  return writeSopsTree(documents, "yaml");
}
