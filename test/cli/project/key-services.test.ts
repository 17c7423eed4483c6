import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { CLUSTER, KEYS, KeyServiceWorld, VAULT } from "../../support/key-service-world.ts";
import { clusterText, inProject, PROD, projectFiles, sealedUnder, secretText } from "./project-scene.ts";

const SECRET = secretText("db");
const [kmsKey] = KEYS.kms;
const [vaultKey] = KEYS.vault;
const env = { VAULT_ADDR: VAULT, VAULT_TOKEN: "s.token" };
const cluster = clusterText("prod", PROD, `    clusterId: ${CLUSTER}\n`);
const rules = `rules:
  - {path: "kms/**", kmsKey: "${kmsKey}"}
  - {path: "vault/**", vaultKey: ${vaultKey}}
`;
const ALLOWED = ["--kms-allowed-keys", kmsKey, "--vault-allowed-keys", vaultKey];
const files = {
  ...projectFiles(rules, cluster),
  "/kms/db.yaml": SECRET,
  "/vault/db.yaml": SECRET,
  "/other/db.yaml": SECRET,
};

function run(
  args: readonly string[],
  world: KeyServiceWorld,
  given: Record<string, string> = files,
  more = {},
) {
  return inProject(args, { files: given, env, keyServices: world.connector, ...more });
}

suite("rules that name keys of key services", () => {
  test("have each file sealed under its own, for the cluster's id", async () => {
    const world = new KeyServiceWorld();
    const {
      code,
      stderr,
      files: after,
    } = await run([...ALLOWED, "--in-place", "kms", "vault", "other"], world);
    assert.equal(code, 0, stderr);
    assert.match(after.get("/kms/db.yaml") ?? "", /password: kms:1:arn:/);
    assert.match(after.get("/vault/db.yaml") ?? "", /password: vault:1:transit\/first:/);
    assert.equal(sealedUnder(after.get("/other/db.yaml")), PROD.certificate.fingerprint);
    assert.ok(stderr.includes(`AWS KMS key ${kmsKey}, cluster prod`), stderr);
    assert.ok(JSON.stringify(world.kms.calls).includes(CLUSTER));
  });

  test("count only for keys that the user allowed; a refusal asks nobody", async () => {
    const world = new KeyServiceWorld();
    for (const [path, hint] of [
      ["kms/db.yaml", `signet allow kms ${kmsKey}`],
      ["vault/db.yaml", `signet allow vault --vault-addr ${VAULT} ${vaultKey}`],
    ] as const) {
      const { code, stdout, stderr } = await run(["-f", path], world);
      assert.match(stderr, /which you did not allow/);
      assert.ok(stderr.includes(hint), stderr);
      assert.deepEqual([code, stdout], [1, ""]);
    }
    assert.deepEqual([world.calls, world.connected], [0, []]);
  });

  test("need the cluster's id, from the project or a flag", async () => {
    const bare = { ...files, ...projectFiles(rules, clusterText("prod", PROD)) };
    const refused = await run([...ALLOWED, "-f", "kms/db.yaml"], new KeyServiceWorld(), bare);
    assert.match(refused.stderr, /has no clusterId, and values under AWS KMS key .* are bound to one/);
    assert.equal(refused.code, 1);
    const given = await run(
      [...ALLOWED, "--cluster-id", CLUSTER, "-f", "kms/db.yaml"],
      new KeyServiceWorld(),
      bare,
    );
    assert.equal(given.code, 0, given.stderr);
  });

  test("do not count where flags say another backend, and not for bare values", async () => {
    const world = new KeyServiceWorld();
    const flagged = await run(
      ["--kms-key", KEYS.kms[1], "--cluster-id", CLUSTER, "-f", "vault/db.yaml"],
      world,
    );
    assert.equal(flagged.code, 0, flagged.stderr);
    assert.ok(flagged.stdout.includes(KEYS.kms[1]));
    const all = { ...projectFiles(`rules: [{kmsKey: "${kmsKey}"}]\n`, cluster) };
    const raw = await run([...ALLOWED, "--raw", "--name", "db", "-n", "shop"], world, all, {
      stdin: "hunter2",
    });
    assert.match(raw.stderr, /by the rules of the project this is sealed under AWS KMS key/);
    assert.deepEqual([raw.code, raw.stdout], [2, ""]);
  });

  test("are read for their form, and one at a time", async () => {
    for (const [text, expected] of [
      ['{kmsKey: "alias/app"}', /kmsKey has to be the ARN/],
      ['{vaultKey: "transit/../app"}', /vaultKey has to be MOUNT\/KEY/],
      [`{kmsKey: "${kmsKey}", vaultKey: ${vaultKey}}`, /has both kmsKey and vaultKey/],
    ] as const) {
      const given = projectFiles(`rules: [${text}]\n`, cluster);
      const { code, stderr } = await run([], new KeyServiceWorld(), given, { stdin: SECRET });
      assert.match(stderr, expected);
      assert.equal(code, 1);
    }
  });

  test("serve --merge-into by the file that is merged into", async () => {
    const world = new KeyServiceWorld();
    const sealed = await run([...ALLOWED, "-o", "yaml", "-f", "kms/db.yaml"], world);
    assert.equal(sealed.code, 0, sealed.stderr);
    const given = { ...files, "/kms/sealed.yaml": sealed.stdout };
    const stdin = SECRET.replace("password", "more");
    const merged = await run([...ALLOWED, "--merge-into", "kms/sealed.yaml"], world, given, { stdin });
    assert.equal(merged.code, 0, merged.stderr);
    assert.match(merged.files.get("/kms/sealed.yaml") ?? "", /more: kms:1:arn:/);
  });
});
