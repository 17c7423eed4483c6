import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ALLOW_ALL, KEYS, KeyServiceWorld, sealFlags, secretYaml } from "../../support/key-service-world.ts";
import { KEY_FILES, NEW_KEY, OFFLINE, valuesIn } from "../../support/rotated-tree.ts";
import { CLUSTER } from "../../support/sops-sealed-secrets.ts";
import { SopsUser } from "../../support/sops-user.ts";
import { type StubRoute, startStubApiServer } from "../../support/stub-api-server.ts";

/** A file `shop/db` with an item of each backend: `classic` under the old key, `kms` and `vault`. */
async function mixed(world: KeyServiceWorld): Promise<string> {
  const seal = (args: readonly string[], items: Record<string, string>, files = {}) =>
    world.run([...args, "-o", "yaml"], { stdin: secretYaml(items), files: { ...KEY_FILES, ...files } });
  let text = (await seal(["--cert", "old.pem"], { classic: "c" })).stdout;
  for (const backend of ["kms", "vault"] as const) {
    const args = ["--merge-into", "s.yaml", ...sealFlags(backend)];
    const run = await seal(args, { [backend]: "v" }, { "s.yaml": text });
    assert.deepEqual([run.code, run.stderr], [0, ""]);
    text = run.files.get("s.yaml") ?? "";
  }
  return text;
}

function rotateIn(
  world: Pick<KeyServiceWorld, "run">,
  args: readonly string[],
  files: Record<string, string>,
) {
  return world.run(["rotate", ...OFFLINE, ...ALLOW_ALL, ...args], { files: { ...KEY_FILES, ...files } });
}

suite("rotate of values of key services", () => {
  test("each backend renews its own values, and the hint is about classic ones alone", async () => {
    const world = new KeyServiceWorld();
    const text = await mixed(world);
    world.transit.rotate(KEYS.vault[0]);
    const run = await rotateIn(world, ["-o", "json", "s.yaml"], { "s.yaml": text });
    assert.equal(run.code, 0, run.stderr);
    const [before, after] = [valuesIn(text), valuesIn(run.files.get("s.yaml"))];
    for (const item of ["classic", "kms", "vault"]) assert.notEqual(after[item], before[item], item);
    assert.match(after["vault"] ?? "", /:vault:v2:/);
    assert.ok(run.files.get("s.yaml")?.includes(`{"classic":"${NEW_KEY}"}`));
    const opened = await world.run(["unseal", "--key", "new.key", ...ALLOW_ALL, "-o", "json", "s.yaml"], {
      files: { ...KEY_FILES, "s.yaml": run.files.get("s.yaml") ?? "" },
    });
    assert.deepEqual((JSON.parse(opened.stdout) as { data: object }).data, {
      classic: "Yw==",
      kms: "dg==",
      vault: "dg==",
    });
    const { files } = JSON.parse(run.stdout) as { files: { objects: { items: { backend: string }[] }[] }[] };
    assert.deepEqual(
      files[0]?.objects[0]?.items.map(({ backend }) => backend),
      ["classic", "kms", "vault"],
    );
  });

  test("values of Vault under the newest version stay, but with --all", async () => {
    const world = new KeyServiceWorld();
    const text = await mixed(world);
    const run = await rotateIn(world, ["s.yaml"], { "s.yaml": text });
    assert.equal(valuesIn(run.files.get("s.yaml"))["vault"], valuesIn(text)["vault"]);
    assert.equal(world.transit.count("rewrap"), 0);
    const all = await rotateIn(world, ["--all", "s.yaml"], { "s.yaml": text });
    assert.notEqual(valuesIn(all.files.get("s.yaml"))["vault"], valuesIn(text)["vault"]);
    assert.equal(world.transit.count("rewrap"), 1);
  });

  test("--only leaves the others, and asks nobody about them", async () => {
    const world = new KeyServiceWorld();
    const text = await mixed(world);
    world.transit.rotate(KEYS.vault[0]);
    const calls = world.calls;
    const cluster = await rotateIn(world, ["--only", "cluster", "s.yaml"], { "s.yaml": text });
    const [before, after] = [valuesIn(text), valuesIn(cluster.files.get("s.yaml"))];
    assert.notEqual(after["classic"], before["classic"]);
    assert.deepEqual([after["kms"], after["vault"], world.calls], [before["kms"], before["vault"], calls]);
    const done = cluster.files.get("s.yaml") ?? "";
    const vault = await rotateIn(world, ["--only", "vault", "s.yaml"], { "s.yaml": done });
    assert.equal(
      vault.files.get("s.yaml"),
      done.replace(after["vault"] ?? "", valuesIn(vault.files.get("s.yaml"))["vault"] ?? ""),
    );
    assert.notEqual(vault.files.get("s.yaml"), done);
    assert.doesNotMatch(vault.stderr, /newest key: /);
  });

  test("keys that nobody allowed are not used", async () => {
    const world = new KeyServiceWorld();
    const text = await mixed(world);
    const calls = world.calls;
    const run = await world.run(["rotate", ...OFFLINE, "--only", "kms", "s.yaml"], {
      files: { ...KEY_FILES, "s.yaml": text },
    });
    assert.equal(run.code, 1);
    assert.match(run.stderr, /^failed s\.yaml: .*not allowed/m);
    assert.deepEqual([run.files.get("s.yaml"), world.calls], [text, calls]);
  });
});

suite("rotate of SOPS documents", () => {
  test("gives them another data key for the same recipients, unless --only leaves them out", async () => {
    const user = await SopsUser.create();
    const text = await user.sealed({ password: "hunter2" });
    const left = await rotateIn(user, ["--only", "cluster,kms", "-o", "json", "s.yaml"], { "s.yaml": text });
    assert.deepEqual([left.code, left.files.get("s.yaml")], [0, text]);
    assert.match(left.stdout, /"backend": "sops",\s+"state": "left-out"/);
    const run = await rotateIn(user, ["s.yaml"], { "s.yaml": text });
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stderr, /^rotated s\.yaml: shop\/db, 1 value$/m);
    const after = run.files.get("s.yaml") ?? "";
    assert.notEqual(valuesIn(after)["password"], valuesIn(text)["password"]);
    assert.ok(after.includes(user.recipient));
    const opened = await user.run(["unseal", "--item", "password", "s.yaml"], { files: { "s.yaml": after } });
    assert.equal(opened.stdout, "hunter2", opened.stderr);
  });

  const path = "/api/v1/namespaces/kube-system/configmaps/sealed-secrets-certificate";
  const body = JSON.stringify({ metadata: {}, data: { "cluster-id": CLUSTER } });
  const told: StubRoute = { method: "GET", path, status: 200, body };
  async function rotatedBeside(routes: readonly StubRoute[], names: readonly string[]) {
    const user = await SopsUser.create();
    const text = await user.sealed({ password: "hunter2" });
    const server = await startStubApiServer(routes);
    try {
      const args = ["rotate", ...OFFLINE, "--server", server.url, ...names];
      const files = { ...KEY_FILES, ...Object.fromEntries(names.map((name) => [name, text])) };
      const run = await user.run(args, { files, env: { SEALED_SECRETS_CLUSTER_ID: "" } });
      const before = valuesIn(text)["password"];
      const left = names.filter((name) => valuesIn(run.files.get(name))["password"] === before);
      return { ...run, left, asked: server.requests.map(({ line }) => line) };
    } finally {
      await server.close();
    }
  }

  test("asks once which cluster they are bound to, however many there are", async () => {
    const { code, stderr, left, asked } = await rotatedBeside([told], ["a.yaml", "b.yaml"]);
    assert.deepEqual([code, left, asked], [0, [], [`GET ${path}`]], stderr);
  });

  test("asks again where it was not told, so that only those in hand are left", async () => {
    const away = { ...told, status: 500, body: "" };
    // Eight are in hand at a time.
    const names = [..."abcdefghi"].map((name) => `${name}.yaml`);
    const { code, stderr, left } = await rotatedBeside([away, told], names);
    assert.equal(code, 1, stderr);
    assert.ok(left.includes("a.yaml") && !left.includes("i.yaml"), stderr);
  });
});
