import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { runKrm } from "../../../cli/kustomize/krm.ts";
import { toYaml } from "../../../shared/document/to-yaml.ts";
import { type SealedObject, testSealer } from "../../support/in-process-sealing.ts";
import { type MemoryRun, type MemoryWorld, memoryIo, runInMemory } from "../../support/memory-io.ts";
import { objectsIn } from "../../support/sealed-secret-scene.ts";
import { readTestKey } from "../../support/vectors.ts";

const key = readTestKey("2048");
const sealer = await testSealer(key.certificatePem);
const DB = { namespace: "shop", name: "db", items: { password: "hunter2" } } satisfies SealedObject;
const db = await sealer.object(DB);
const SEALED = { "s.yaml": toYaml(db) };
const CERT = { SEALED_SECRETS_CERT: "/cert.pem" };

type Fields = Readonly<Record<string, unknown>>;

const config = (fields: Fields, metadata: Fields = {}) => ({
  apiVersion: "signet.dev/v1alpha1",
  kind: "SealedSecretGenerator",
  metadata: { name: "db", namespace: "shop", ...metadata },
  ...fields,
});

async function generate(fields: Fields, world: MemoryWorld = {}, metadata: Fields = {}): Promise<MemoryRun> {
  const functionConfig = config(fields, metadata);
  const local = { "config.kubernetes.io/local-config": "true" };
  const own = { ...functionConfig, metadata: { ...functionConfig.metadata, annotations: local } };
  const stdin = toYaml({ kind: "ResourceList", items: [own], functionConfig });
  const { io, left } = memoryIo([], {
    ...world,
    stdin,
    files: { "/cert.pem": key.certificatePem, ...world.files },
  });
  return left(await runKrm(io));
}

/** Without keys, certificate and network unless the world has them: nothing may be sealed then. */
async function generated(...args: Parameters<typeof generate>) {
  const { code, stdout, stderr } = await generate(...args);
  assert.equal(code, 0, stderr);
  const [, object = ""] = stdout.split("items:\n- ");
  const [sealedSecret] = objectsIn(object.replaceAll("\n  ", "\n"));
  assert.ok(sealedSecret !== undefined);
  return {
    sealedSecret,
    stderr,
    values: sealedSecret["spec"] as { encryptedData: Record<string, string>; template: Fields },
  };
}

async function refused(work: Promise<MemoryRun>, message: RegExp): Promise<void> {
  const { code, stdout, stderr } = await work;
  assert.deepEqual([code, stdout], [1, ""], stderr);
  assert.match(stderr, message);
  assert.doesNotMatch(stderr, /hunter2/);
}

/** What the values say when they are opened. */
async function opened(sealed: object): Promise<unknown> {
  const files = { "k.pem": key.privatePem, "in/s.yaml": toYaml(sealed) };
  const { stdout, stderr } = await runInMemory(["render", "--strict", "--key", "k.pem", "in"], { files });
  const [secret] = objectsIn(stdout);
  assert.ok(secret !== undefined, stderr);
  const data = secret["data"] as Record<string, string>;
  return Object.fromEntries(
    Object.entries(data).map(([name, value]) => [name, Buffer.from(value, "base64").toString()]),
  );
}

suite("inputs", () => {
  test("are literals, files and env files, as secretGenerator reads them", async () => {
    const fields = {
      literals: ["a=1", 'b="two words"', "c=x=y"],
      files: ["t/f.txt", "g=t/f.txt"],
      envs: ["e.env"],
    };
    const files = { "t/f.txt": "line\n", "e.env": "\ufeff# none\n\n  D=d \r\nE=\n" };
    const { sealedSecret, stderr } = await generated(fields, { files, env: CERT });
    const expected = { a: "1", b: "two words", c: "x=y", "f.txt": "line\n", g: "line\n", D: "d ", E: "" };
    assert.deepEqual(await opened(sealedSecret), expected);
    assert.match(stderr, /^sealed shop\/db: scope strict \(shop\/db\), certificate SHA256:/);
  });

  test("are sealed for whom the environment says, whatever project file lies in the tree", async () => {
    const files = {
      "/.git/HEAD": "",
      "/.signet.yaml": "version: 1\nclusters: {prod: {certificate: other.pem}}\n",
    };
    const { code, stderr } = await generate({ literals: ["a=1"] }, { files, env: CERT });
    assert.equal(code, 0, stderr);
    const bare = await generate({ literals: ["a=1"] }, { files });
    assert.equal(bare.code, 1);
    assert.doesNotMatch(bare.stderr, /signet\.yaml/);
  });

  test("are refused where they are wrong, missing, named twice or elsewhere, without a word of theirs", async () => {
    const files = { "e.env": "hunter2\n", "bin.env": new Uint8Array([0xff]) };
    const world = { files, env: CERT };
    await refused(generate({ literals: ["hunter2"] }, world), /literals, entry 1 has no name and value/);
    await refused(generate({ envs: ["e.env"] }, world), /e.env: line 1 has no name and value/);
    await refused(generate({ envs: ["bin.env"] }, world), /is no text in UTF-8/);
    await refused(generate({ literals: ["a=1", "a=2"] }, world), /names the item a twice/);
    await refused(generate({ literals: ["a b=1"] }, world), /not a name a Secret's item may have/);
    await refused(generate({ files: ["a=../x"] }, world), /leads out of the folder/);
    await refused(generate({ envs: ["/etc/x"] }, world), /leads out of the folder/);
    await refused(generate({ literals: ["a=1"], sealedFile: "../s.yaml" }, world), /leads out of the folder/);
    await refused(generate({ files: ["none"] }, world), /none cannot be found/);
    await refused(generate({ literals: ["a=1"], envs: ["none.env"] }, world), /none.env cannot be found/);
    await refused(generate({}, world), /names nothing to seal/);
    await refused(generate({ literals: ["a=1"] }, world, { namespace: "" }), /metadata|namespace/);
  });
});

suite("what was sealed before", () => {
  test("stays as it is, without inputs, keys and certificate", async () => {
    for (const fields of [
      { files: ["password=gone.txt"] },
      { envs: ["gone.env"] },
      { literals: ["password=other"] },
    ]) {
      const { values, stderr } = await generated({ ...fields, sealedFile: "s.yaml" }, { files: SEALED });
      assert.deepEqual([values.encryptedData, stderr], [(db["spec"] as typeof values).encryptedData, ""]);
    }
  });

  test("is joined by what it lacks, and left by what is not asked for", async () => {
    const world = { files: SEALED, env: CERT };
    const joined = await generated({ literals: ["password=x", "user=al"], sealedFile: "s.yaml" }, world);
    assert.deepEqual(await opened(joined.sealedSecret), { password: "hunter2", user: "al" });
    assert.match(
      joined.stderr,
      /warning: SealedSecretGenerator db: sealed anew with every build: user; run signet-krm seal and commit s.yaml/,
    );
    const { sealedSecret } = await generated({ literals: ["user=al"], sealedFile: "s.yaml" }, world);
    assert.deepEqual(await opened(sealedSecret), { user: "al" });
    await refused(
      generate({ files: ["user=gone.txt"], sealedFile: "s.yaml" }, world),
      /the item user was not sealed before, and gone.txt cannot be found/,
    );
  });

  test("gets the type, labels and annotations that the configuration names", async () => {
    const fields = { type: "example.com/x", immutable: true, labels: { a: "b" }, annotations: { c: "d" } };
    const { values } = await generated(
      { literals: ["password=x"], sealedFile: "s.yaml", ...fields },
      { files: SEALED },
    );
    const { labels, annotations, type, immutable } = fields;
    assert.deepEqual(values.template, { type, immutable, metadata: { labels, annotations } });
  });

  test("must be one SealedSecret for the same place and scope", async () => {
    const from = (content: string, fields: Fields = {}, metadata: Fields = {}) =>
      generate(
        { literals: ["password=x"], sealedFile: "s.yaml", ...fields },
        { files: { "s.yaml": content } },
        metadata,
      );
    await refused(from(SEALED["s.yaml"], {}, { name: "other" }), /s.yaml was sealed for another name/);
    await refused(from(SEALED["s.yaml"], {}, { namespace: "bank" }), /another namespace/);
    await refused(from(SEALED["s.yaml"], { scope: "namespace-wide" }), /another scope/);
    await refused(from("kind: ConfigMap\n"), /is not one SealedSecret/);
    await refused(from(`${SEALED["s.yaml"]}---\n${SEALED["s.yaml"]}`), /is not one SealedSecret/);
  });

  test("stays whole where it is a SOPS document", async () => {
    const sops = { ...db, sops: { mac: "x" } };
    const world = { files: { "s.yaml": toYaml(sops) }, env: CERT };
    const { sealedSecret } = await generated({ literals: ["password=x"], sealedFile: "s.yaml" }, world);
    assert.deepEqual(sealedSecret["sops"], { mac: "x" });
    const two = await sealer.object({ ...DB, items: { password: "hunter2", user: "al" } });
    const both = { files: { "s.yaml": toYaml({ ...two, sops: { mac: "x" } }) } };
    await refused(generate({ literals: ["password=x"], sealedFile: "s.yaml" }, both), /nor takes any out/);
    for (const literals of [["password=x", "user=al"], ["user=al"]])
      await refused(
        generate({ literals, sealedFile: "s.yaml" }, world),
        /is a SOPS document, to which no build adds items/,
      );
  });
});

suite("a digest behind the name", () => {
  test("is for values that are not bound to it and were sealed before", async () => {
    const fields = { literals: ["password=x"], needsHash: true };
    await refused(
      generate({ ...fields, sealedFile: "s.yaml" }),
      /values of strict scope are bound to the name/,
    );
    await refused(generate({ ...fields, scope: "namespace-wide" }), /without sealedFile/);
    const files = { "s.yaml": toYaml(await sealer.object({ ...DB, scope: "namespace-wide" })) };
    const { sealedSecret } = await generated(
      { ...fields, scope: "namespace-wide", sealedFile: "s.yaml" },
      { files },
    );
    assert.match(toYaml(sealedSecret), /kustomize\.config\.k8s\.io\/needs-hash: "true"/);
  });
});

suite("signet-krm seal", () => {
  async function seal(
    args: readonly string[],
    fields: Fields,
    files: Readonly<Record<string, string>>,
  ): Promise<MemoryRun> {
    const all = { "c.yaml": toYaml(config(fields)), "/cert.pem": key.certificatePem, ...files };
    const { io, left } = memoryIo(args, { files: all, env: CERT });
    return left(await runKrm(io));
  }

  test("writes what the file lacks, and the items named anew", async () => {
    const fields = { literals: ["password=new", "user=al"], sealedFile: "s.yaml" };
    const { files, code } = await seal(["seal", "c.yaml"], fields, SEALED);
    assert.equal(code, 0);
    const [lacking] = objectsIn(files.get("s.yaml") ?? "");
    assert.deepEqual(await opened(lacking ?? {}), { password: "hunter2", user: "al" });
    const renewed = await seal(["seal", "c.yaml", "password"], fields, SEALED);
    const [anew] = objectsIn(renewed.files.get("s.yaml") ?? "");
    assert.deepEqual(await opened(anew ?? {}), { password: "new", user: "al" });
    const fresh = await seal(["seal", "c.yaml"], fields, {});
    assert.deepEqual(await opened(objectsIn(fresh.files.get("s.yaml") ?? "")[0] ?? {}), {
      password: "new",
      user: "al",
    });
  });

  test("refuses what it cannot do", async () => {
    const fields = { literals: ["password=new"], sealedFile: "s.yaml" };
    const said = async (args: readonly string[], of: Fields = fields) =>
      (await seal(args, of, SEALED)).stderr;
    assert.match(await said(["seal", "c.yaml", "x"]), /has no item "x"/);
    assert.match(await said(["seal", "none.yaml"]), /there is no file none.yaml/);
    assert.match(await said(["seal"]), /takes the file of a SealedSecretGenerator/);
    assert.match(await said(["seal", "c.yaml"], { literals: ["a=b"] }), /with a sealedFile/);
    assert.match(await said(["build"]), /unknown argument: build/);
    assert.equal((await seal(["--help"], {}, {})).code, 0);
  });
});
