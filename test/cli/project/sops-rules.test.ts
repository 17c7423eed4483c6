import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { CLUSTER, KEYS, KeyServiceWorld, VAULT } from "../../support/key-service-world.ts";
import type { MemoryRun } from "../../support/memory-io.ts";
import { newAgeIdentity } from "../../support/sops-keys.ts";
import { clusterText, inProject, PROD, projectFiles, sealedUnder, secretText } from "./project-scene.ts";

const [alice, bob] = await Promise.all([newAgeIdentity(), newAgeIdentity()]);
const [kmsKey] = KEYS.kms;
const RULES = "/home/.config/signet/rules.json";
const SECRET = secretText("db");
const ARGS = ["-o", "yaml", "-f", "listed/db.yaml"];
const cluster = clusterText("prod", PROD, `    clusterId: ${CLUSTER}\n`);
const listing = (who: string) => `rules:
  - {path: "listed/**", backend: sops, age: [${who}]}
  - {path: "rules/**", backend: sops}
`;
const inputs = { "/listed/db.yaml": SECRET, "/rules/db.yaml": SECRET, "/other/db.yaml": SECRET };
const sopsYaml = (who: string) => ({ "/.sops.yaml": `creation_rules: [{age: ${who}}]\n` });
const filesFor = (who: string) => ({
  ...projectFiles(listing(who), cluster),
  ...sopsYaml(bob.recipient),
  ...inputs,
});
const files = filesFor(alice.recipient);

function run(
  args: readonly string[],
  given: Record<string, string> = files,
  more: { stdin?: string; env?: Record<string, string> } = {},
) {
  const env = { SOPS_AGE_KEY: alice.text, VAULT_ADDR: VAULT, VAULT_TOKEN: "s.token", ...more.env };
  return inProject(args, { ...more, files: given, env, keyServices: new KeyServiceWorld().connector });
}

const recipientsIn = (text = "") => [...text.matchAll(/recipient: (age1\w+)/g)].map(([, who]) => who);

function refused({ code, stdout, stderr }: MemoryRun, what: RegExp): void {
  assert.match(stderr, what);
  assert.match(stderr, /\nhint: ./);
  assert.doesNotMatch(stderr, /hunter2/);
  assert.notEqual(code, 0);
  assert.equal(stdout, "");
}

suite("rules of a project that make SOPS documents", () => {
  test("have each file sealed for whom they list, or .sops.yaml names, for the cluster's id", async () => {
    const made = await run(["--in-place", "listed", "rules", "other"]);
    assert.equal(made.code, 0, made.stderr);
    assert.deepEqual(recipientsIn(made.files.get("/listed/db.yaml")), [alice.recipient]);
    assert.deepEqual(recipientsIn(made.files.get("/rules/db.yaml")), [bob.recipient]);
    assert.equal(sealedUnder(made.files.get("/other/db.yaml")), PROD.certificate.fingerprint);
    assert.doesNotMatch(made.files.get("/other/db.yaml") ?? "", /ENC\[/);
    const unsealed = ["unseal", "--cluster-id", CLUSTER, "--item", "password"];
    const opened = await run([...unsealed, "listed/db.yaml"], Object.fromEntries(made.files));
    assert.deepEqual([opened.code, opened.stdout], [0, "hunter2"], opened.stderr);
    const elsewhere = await run(
      ["unseal", "--cluster-id", "another", "--item", "password", "listed/db.yaml"],
      Object.fromEntries(made.files),
    );
    assert.notEqual(elsewhere.code, 0);
  });

  test("show whom a document is for, and in whose place it stands", async () => {
    const { stdout, stderr } = await run(["--verbose", ...ARGS]);
    assert.match(stdout, /password: ENC\[/);
    assert.ok(
      stderr.includes(`encrypted as the rule of /.signet.yaml says, for age ${alice.recipient}`),
      stderr,
    );
    assert.match(stderr, new RegExp(`a SOPS document, cluster prod, for cluster ${CLUSTER}`));
  });

  test("go by the file that -w names for standard input", async () => {
    const made = await run(["-w", "listed/new.yaml", "-o", "yaml"], files, { stdin: SECRET });
    assert.equal(made.code, 0, made.stderr);
    assert.deepEqual(recipientsIn(made.files.get("/listed/new.yaml")), [alice.recipient]);
  });

  test("take keys of AWS KMS and Vault, and imply their backend as flags do", async () => {
    const vault = `${VAULT}/v1/team/transit/keys/second`;
    const given = {
      ...inputs,
      ...projectFiles(`rules: [{kms: ["${kmsKey}"], hcVaultTransit: ["${vault}"]}]\n`, cluster),
    };
    const { code, stdout, stderr } = await run(ARGS, given);
    assert.equal(code, 0, stderr);
    assert.ok(stdout.includes(kmsKey) && stdout.includes(VAULT), stdout);
  });

  test("tell of listed recipients with the first use, and refuse others until they are accepted", async () => {
    const first = await run(ARGS);
    assert.ok(
      first.stderr.includes(
        `warning: the recipients of /.signet.yaml are taken as they are, with its first use: age ${alice.recipient}\n`,
      ),
      first.stderr,
    );
    const known = Object.fromEntries(first.files);
    const again = await run(ARGS, known);
    assert.deepEqual([again.code, again.stderr], [0, ""]);
    const changed = { ...known, ...projectFiles(listing(`${alice.recipient}, ${bob.recipient}`), cluster) };
    const stopped = await run(ARGS, changed);
    refused(
      stopped,
      /rules of \/\.signet\.yaml changed since you accepted them: listed\/db\.yaml was sealed/,
    );
    assert.ok(stopped.stderr.includes(bob.recipient), stopped.stderr);
    const taken = await inProject(["pin", "accept"], { files: Object.fromEntries(stopped.files) });
    assert.ok(
      taken.stdout.includes(`rules[0]: age ${alice.recipient}; age ${bob.recipient}\n`),
      taken.stdout,
    );
    const after = await run(ARGS, Object.fromEntries(taken.files));
    assert.deepEqual(
      [after.code, recipientsIn(after.stdout)],
      [0, [alice.recipient, bob.recipient].toSorted()],
    );
  });

  test("refuse a file that becomes a SOPS document by a rule that nobody accepted, in either form", async () => {
    const { files: accepted } = await run(["pin", "accept"], {
      ...files,
      ...projectFiles("", cluster),
    });
    assert.ok(accepted.has(RULES));
    const now = { ...Object.fromEntries(accepted), ...projectFiles(listing(alice.recipient), cluster) };
    refused(
      await run(ARGS, now),
      /was sealed under the key of the cluster, and is sealed as a SOPS document/,
    );
    refused(await run(["-f", "rules/db.yaml"], now), /for whom \.sops\.yaml names now/);
    const { [RULES]: _, ...late } = now as Record<string, string>;
    const told = await run(ARGS, late);
    assert.match(
      told.stderr,
      /its rules not yet: .*\nwarning: .* as they are, and you accepted them not yet: age /,
    );
    assert.deepEqual([told.code, told.files.has(RULES)], [0, false]);
  });

  test("hold recipients of .sops.yaml to the user's record, as the flag does", async () => {
    const first = await run(["-f", "rules/db.yaml"]);
    assert.match(first.stderr, /the recipients of \/\.sops\.yaml are taken as they are/);
    const changed = { ...Object.fromEntries(first.files), ...sopsYaml(alice.recipient) };
    refused(await run(["-f", "rules/db.yaml"], changed), /its recipients are not those you accepted/);
  });

  test("do not count where flags or the user's variables say otherwise", async () => {
    const other = await run(["--age", bob.recipient, "--cluster-id", CLUSTER, ...ARGS]);
    assert.deepEqual(recipientsIn(other.stdout), [bob.recipient], other.stderr);
    const variable = await run(ARGS, files, { env: { SOPS_AGE_RECIPIENTS: bob.recipient } });
    assert.deepEqual(recipientsIn(variable.stdout), [bob.recipient], variable.stderr);
    const classic = await run(["--backend", "cluster", ...ARGS]);
    assert.equal(sealedUnder(classic.stdout), PROD.certificate.fingerprint, classic.stderr);
    assert.doesNotMatch(classic.stdout, /ENC\[/);
    const byFile = await run(["--cert", "certs/prod.pem", ...ARGS]);
    assert.doesNotMatch(byFile.stdout, /ENC\[/);
  });

  test("leave what lies there as it is: items join a document by its own key, and no other object", async () => {
    const sealed = await run(ARGS);
    const given = { ...files, "/listed/db.yaml": sealed.stdout };
    const id = ["--cluster-id", CLUSTER];
    const merged = await run(["--merge-into", "listed/db.yaml", ...id], given, {
      stdin: SECRET.replace("password", "more"),
    });
    assert.equal(merged.code, 0, merged.stderr);
    assert.match(merged.files.get("/listed/db.yaml") ?? "", /more: ENC\[/);
    const set = await run(["set", "listed/db.yaml", "token", ...id], given, { stdin: "abc" });
    assert.equal(set.code, 0, set.stderr);
    assert.match(set.files.get("/listed/db.yaml") ?? "", /token: ENC\[/);
    const fresh = await run(["set", "listed/new.yaml", "token", "--name", "new", "-n", "shop"], files, {
      stdin: "abc",
    });
    assert.equal(fresh.code, 0, fresh.stderr);
    assert.deepEqual(recipientsIn(fresh.files.get("/listed/new.yaml")), [alice.recipient]);
    const classic = await run(["--backend", "cluster", ...ARGS]);
    const among = { ...files, "/listed/db.yaml": classic.stdout };
    refused(
      await run(["--merge-into", "listed/db.yaml"], among, { stdin: SECRET }),
      /listed\/db\.yaml.* is no SOPS document, and by the rules of the project one lies there/,
    );
  });

  test("say who may read what is written anew", async () => {
    const sealed = await run([
      "--age",
      `${alice.recipient},${bob.recipient}`,
      "--cluster-id",
      CLUSTER,
      ...ARGS,
    ]);
    const given = { ...files, "/listed/db.yaml": sealed.stdout };
    const anew = ["--re-encrypt", "--in-place", "--cluster-id", CLUSTER, "listed/db.yaml"];
    const stopped = await run(anew, given);
    assert.ok(
      stopped.stderr.includes(
        `is also for age ${bob.recipient}, whom the rule of /.signet.yaml does not name`,
      ),
      stopped.stderr,
    );
    assert.deepEqual([stopped.code, stopped.files.get("/listed/db.yaml")], [1, sealed.stdout]);
    const own = await run(ARGS);
    const renewed = await run(anew, { ...files, "/listed/db.yaml": own.stdout });
    assert.equal(renewed.code, 0, renewed.stderr);
    assert.notEqual(renewed.files.get("/listed/db.yaml"), own.stdout);
    const two = { ...files, "/listed/db.yaml": own.stdout, "/listed/more.yaml": own.stdout };
    const both = await run([...anew, "listed/more.yaml"], two);
    assert.equal(both.code, 0, both.stderr);
    assert.deepEqual(both.stderr.match(/^warning: .*/gm), [
      `warning: the recipients of /.signet.yaml are taken as they are, and you accepted them not yet: age ${alice.recipient}. Look at them; to accept them and the pins: signet pin accept`,
    ]);
    assert.equal(both.files.has(RULES), false);
  });

  test("need the cluster's id, and take no bare values", async () => {
    const bare = { ...files, ...projectFiles(listing(alice.recipient), clusterText("prod", PROD)) };
    refused(
      await run(ARGS, bare),
      /prod in \/\.signet\.yaml has no clusterId, and a SOPS document is bound to one/,
    );
    const all = projectFiles("rules: [{backend: sops}]\n", cluster);
    refused(
      await run(
        ["--raw", "--name", "db", "-n", "shop"],
        { ...all, ...sopsYaml(bob.recipient) },
        { stdin: "v" },
      ),
      /--raw seals bare values, and those of a SOPS document/,
    );
  });

  test("are known to lint", async () => {
    const sealed = await run(["--in-place", "listed"]);
    const linted = await run(["lint", "listed"], Object.fromEntries(sealed.files));
    assert.equal(linted.code, 0, linted.stderr + linted.stdout);
  });

  test("are refused by name where their form is unknown or mixed", async () => {
    const arn = `"${kmsKey}"`;
    const who = alice.recipient;
    for (const [text, expected] of [
      ["{backend: pgp}", /rules\[0\]\.backend has to be cluster, kms, vault or sops/],
      [`{backend: vault, kmsKey: ${arn}}`, /rules\[0\] has kmsKey beside backend: vault/],
      [`{backend: vault, kms: [${arn}]}`, /rules\[0\] has kms beside backend: vault/],
      [`{backend: sops, vaultKey: transit/a}`, /rules\[0\] has vaultKey beside backend: sops/],
      [`{backend: cluster, age: [${who}]}`, /rules\[0\] has age beside backend: cluster/],
      [`{kmsKey: ${arn}, age: [${who}]}`, /rules\[0\] has both kmsKey and age/],
      ["{backend: kms}", /rules\[0\] has backend: kms and no kmsKey/],
      ["{backend: vault}", /rules\[0\] has backend: vault and no vaultKey/],
      ["{backend: sops, age: [nobody]}", /rules\[0\]\.age, recipient 1 is no age recipient/],
      ["{backend: sops, kms: [alias/a]}", /rules\[0\]\.kms, key 1/],
      [
        "{backend: sops, hcVaultTransit: [transit/a]}",
        /rules\[0\]\.hcVaultTransit, key 1 is no key of Vault/,
      ],
      ['{backend: sops, age: [","]}', /rules\[0\]/],
      ["{backend: sops, age: []}", /rules\[0\]\.age/],
      [`{backend: sops, pgp: [${who}]}`, /rules\[0\]: "pgp" may not stand there/],
    ] as const)
      refused(await run([], projectFiles(`rules: [${text}]\n`, cluster), { stdin: SECRET }), expected);
    const homeless = {
      "/.git/HEAD": "",
      "/.signet.yaml": "version: 1\nclusters: {}\nrules: [{backend: sops}]\n",
    };
    refused(
      await run([], homeless, { stdin: SECRET }),
      /for backend sops, whose values are bound to a cluster/,
    );
  });
});
