import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { noticesOf } from "../../../cli/notices.ts";
import type { SopsRecipientOptions } from "../../../cli/options.ts";
import { sopsTargets } from "../../../cli/sops/recipients.ts";
import { InputError, UsageError } from "../../../shared/errors.ts";
import { memoryIo, runInMemory } from "../../support/memory-io.ts";
import { keyArn } from "../../support/memory-kms.ts";

const alice = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
const bob = "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg";
const vault = "https://vault.test:8200/v1/transit/keys/app";
const HOME = "/home/me";
const RECORD = "/home/me/.config/signet/recipients.json";
const none: SopsRecipientOptions = { age: [], kms: [], "hc-vault-transit": [], "encryption-context": [] };

type Scene = {
  options?: Partial<SopsRecipientOptions>;
  path?: string | null;
  files?: Record<string, string>;
  env?: Record<string, string>;
  folder?: string;
  quiet?: boolean;
  /** The record as another process leaves it before this one gets its lock. */
  meanwhile?: string;
};

/** Whom a document would be encrypted for, what is said, and the files afterwards. */
async function targets({ options, path = "/repo/app/db.yaml", folder = "/repo/app", ...scene }: Scene) {
  const { io, left } = memoryIo([], { files: scene.files ?? {}, env: { HOME, ...scene.env } });
  const files = {
    ...io.files,
    realPath: (at: string) => (at === "." ? folder : io.files.realPath(at)),
    create(file: string, content: string) {
      if (scene.meanwhile !== undefined) io.files.replace(RECORD, scene.meanwhile);
      io.files.create(file, content);
    },
  };
  const world = { ...io, files };
  const notices = noticesOf(world, { verbose: scene.quiet !== true, v: 0 });
  const made = await sopsTargets({ ...none, ...options }, path, world, notices);
  const { stderr, files: after } = left(0);
  return { ...made, stderr, files: Object.fromEntries(after) };
}

const age = (recipient: string) => ({ type: "age", recipient });
const rules = (text: string) => ({ "/repo/.git/HEAD": "", "/repo/.sops.yaml": text });

suite("recipients of the user", () => {
  test("are those of the flags, as one group, and are shown", async () => {
    const made = await targets({
      options: {
        age: [alice, bob],
        kms: [`${keyArn("k")}+arn:aws:iam::123456789012:role/app`],
        "hc-vault-transit": [vault],
        "encryption-context": ["team:shop"],
      },
      files: rules("creation_rules: [canary"),
    });
    const { stderr, files: _, ...rest } = made;
    const role = "arn:aws:iam::123456789012:role/app";
    const context = { team: "shop" };
    assert.deepEqual(rest, {
      by: "user",
      groups: [
        [
          age(alice),
          age(bob),
          { type: "kms", arn: keyArn("k"), role, context, awsProfile: "" },
          {
            type: "hc_vault",
            vaultAddress: "https://vault.test:8200",
            enginePath: "transit",
            keyName: "app",
          },
        ],
      ],
      shamirThreshold: 0,
      selection: { rule: "default" },
      macOnlyEncrypted: false,
    });
    assert.equal(
      stderr,
      `encrypted for age ${alice}; age ${bob}; kms ${keyArn("k")}, role ${role}, context team=shop; vault ${vault}\n`,
    );
  });

  test("are those of sops' variables where a flag of their kind is not given", async () => {
    const env = {
      SOPS_AGE_RECIPIENTS: `${alice}, ${bob}`,
      SOPS_KMS_ARN: keyArn("k"),
      SOPS_VAULT_URIS: vault,
    };
    assert.deepEqual(
      (await targets({ env })).groups.flat().map(({ type }) => type),
      ["age", "age", "kms", "hc_vault"],
    );
    const made = await targets({ env, options: { age: [bob] } });
    assert.deepEqual(made.groups[0]?.[0], age(bob));
    assert.equal(made.groups.flat().length, 3);
  });

  test("that are none are a matter of the command line, and are not quoted", async () => {
    const cases: [Partial<SopsRecipientOptions>, RegExp][] = [
      [{ age: ["AGE-SECRET-KEY-1CANARY"] }, /^--age, recipient 1 is a private key/],
      [{ kms: ["alias/canary"] }, /^--kms, key 1 is no ARN/],
      [{ "hc-vault-transit": ["canary"] }, /^--hc-vault-transit, key 1 is no key/],
      [{ kms: [keyArn("k")], "encryption-context": ["canary"] }, /^--encryption-context is no/],
      [{ age: [alice], "encryption-context": ["a:b"] }, /binds keys of AWS KMS, and there is none/],
      [{}, /^whom to encrypt for\?$/],
    ];
    for (const [options, says] of cases)
      await assert.rejects(targets({ options }), (error) => {
        assert.ok(error instanceof UsageError);
        assert.match(error.message, says);
        assert.doesNotMatch(`${error.message} ${error.hint}`, /canary/i);
        return true;
      });
    const env = { SOPS_AGE_RECIPIENTS: "canary" };
    await assert.rejects(
      targets({ env }),
      (error) => error instanceof InputError && !/canary/.test(error.message),
    );
  });
});

suite("the .sops.yaml that counts", () => {
  const rule = `creation_rules: [{age: ${alice}}]`;

  test("is the first from the working folder up to the root of the repository", async () => {
    const inner = { "/repo/app/.sops.yaml": `creation_rules: [{age: ${bob}}]` };
    assert.deepEqual((await targets({ files: rules(rule) })).groups, [[age(alice)]]);
    assert.deepEqual((await targets({ files: { ...rules(rule), ...inner } })).groups, [[age(bob)]]);
    const above = { "/.sops.yaml": rule, "/repo/.git": "gitdir: elsewhere" };
    await assert.rejects(targets({ files: above }), /whom to encrypt for/);
  });

  test("is that of the working folder alone where there is no repository", async () => {
    await assert.rejects(targets({ files: { "/repo/.sops.yaml": rule } }), /whom to encrypt for/);
    assert.deepEqual((await targets({ files: { "/repo/app/.sops.yaml": rule } })).groups, [[age(alice)]]);
  });

  test("is the one that SOPS_CONFIG names", async () => {
    const files = { ...rules(`creation_rules: [{age: ${bob}}]`), "/else/rules.yaml": rule };
    assert.deepEqual((await targets({ files, env: { SOPS_CONFIG: "/else/rules.yaml" } })).groups, [
      [age(alice)],
    ]);
    const gone = targets({ files, env: { SOPS_CONFIG: "/gone" } });
    await assert.rejects(gone, /cannot read \/gone: no such file/);
  });

  test("sees paths from its own folder, and whole ones outside of it", async () => {
    const text = `creation_rules:
- {path_regex: "^app/db", age: ${alice}}
- {path_regex: "^/tmp/", age: ${bob}}
- {path_regex: "^$", age: "${alice},${bob}"}`;
    const groups = async (path: string | null) => (await targets({ path, files: rules(text) })).groups.flat();
    assert.deepEqual(await groups("/repo/app/db.yaml"), [age(alice)]);
    assert.deepEqual(await groups("/tmp/db.yaml"), [age(bob)]);
    assert.equal((await groups(null)).length, 2);
    await assert.rejects(groups("/repo-app/db.yaml"), /no creation rule of \/repo\/\.sops\.yaml fits/);
  });

  test("says threshold, selection and MAC", async () => {
    const text = `creation_rules:
- key_groups: [{age: [${alice}]}, {age: [${bob}]}]
  shamir_threshold: 2
  encrypted_regex: ^data$
  mac_only_encrypted: true`;
    const { groups, shamirThreshold, selection, macOnlyEncrypted, by } = await targets({
      files: rules(text),
    });
    assert.deepEqual([groups.length, shamirThreshold, macOnlyEncrypted, by], [2, 2, true, "project-file"]);
    assert.deepEqual(selection, { rule: "encrypted_regex", pattern: "^data$" });
    await assert.rejects(targets({ files: rules("stores: {}") }), /\.sops\.yaml has no creation rules/);
  });
});

suite("recipients of a .sops.yaml", () => {
  const text = (...recipients: string[]) => `creation_rules: [{path_regex: db, age: "${recipients.join()}"}]`;

  test("are taken with the first use, and told in any case; then they are known", async () => {
    const first = await targets({ files: rules(text(alice)), quiet: true });
    assert.equal(
      first.stderr,
      `warning: the recipients of /repo/.sops.yaml are taken as they are, with its first use: age ${alice}\n`,
    );
    const again = await targets({ files: first.files, quiet: true });
    assert.deepEqual([again.stderr, again.groups], ["", [[age(alice)]]]);
    const shown = await targets({ files: first.files });
    assert.equal(shown.stderr, `encrypted as /repo/.sops.yaml, rule 1 says, for age ${alice}\n`);
  });

  test("that are others are refused, until they are accepted by the command of the hint", async () => {
    const { files } = await targets({ files: rules(text(alice)) });
    const changed = { ...files, ...rules(text(alice, bob)) };
    const refusal = await targets({ files: changed }).then(
      () => assert.fail("it was taken"),
      (error: unknown) => error,
    );
    assert.ok(refusal instanceof InputError);
    assert.match(
      refusal.message,
      new RegExp(`rule 1: its recipients are not those you accepted: added age ${bob}$`),
    );
    const command = /: signet (allow recipients .*)$/.exec(refusal.hint)?.[1] ?? "";
    const accepted = await runInMemory(command.split(" "), { files: changed, env: { HOME } });
    assert.deepEqual([accepted.code, accepted.stderr], [0, ""]);
    assert.equal(accepted.stdout, `/repo/.sops.yaml, rule 1: age ${alice}; age ${bob}\n`);
    const after = Object.fromEntries(accepted.files);
    assert.equal((await targets({ files: after })).groups.flat().length, 2);
    const less = { ...after, ...rules(text(bob)) };
    await assert.rejects(targets({ files: less }), /not those you accepted: 1 left out$/);
  });

  test("are refused in a rule that is new, under another threshold, and in other groups", async () => {
    const grouped = (groups: string[][], threshold: number) =>
      `creation_rules: [{shamir_threshold: ${threshold}, key_groups: [${groups.map((one) => `{age: [${one}]}`)}]}]`;
    const start = await targets({ files: rules(grouped([[alice], [bob]], 2)) });
    const refused = (changed: string, says: RegExp) =>
      assert.rejects(targets({ files: { ...start.files, ...rules(changed) } }), says);
    await refused(grouped([[alice, bob], [bob]], 2), /in other groups, or under another threshold/);
    await refused(grouped([[bob], [alice]], 2), /in other groups/);
    await refused(grouped([[alice], [bob]], 0), /under another threshold/);
    await refused(
      `creation_rules: [{path_regex: app, age: ${bob}}]`,
      /it is new since you accepted the file/,
    );
    assert.equal((await targets({ files: start.files })).groups.length, 2);
  });

  test("that were accepted since a first use began stay accepted", async () => {
    const other = { "/repo/.sops.yaml": { "": { groups: [], threshold: 0, place: 0 } } };
    const { files } = await targets({
      files: rules(text(alice)),
      meanwhile: JSON.stringify({ recipients: other }),
    });
    assert.deepEqual(JSON.parse(files[RECORD] ?? ""), { recipients: other });
  });

  test("are known by all rules of the file from its first use on", async () => {
    const two = `creation_rules: [{path_regex: db, age: ${alice}}, {path_regex: pgp, pgp: CANARY}, {age: ${bob}}]`;
    const { files } = await targets({ files: rules(two) });
    assert.deepEqual((await targets({ files, path: "/repo/x.yaml" })).groups, [[age(bob)]]);
    const swapped = `creation_rules: [{path_regex: db, age: ${bob}}, {age: ${alice}}]`;
    await assert.rejects(targets({ files: { ...files, ...rules(swapped) } }), /are not those you accepted/);
  });

  test("are refused where another rule stood before theirs", async () => {
    const db = `{path_regex: db, age: ${alice}}`;
    const all = `{age: ${bob}}`;
    const foreign = "{path_regex: other, pgp: CANARY}";
    const file = (...ones: string[]) => rules(`creation_rules: [${ones.join()}]`);
    const { files } = await targets({ files: file(db, foreign, all) });
    const refused = (changed: Record<string, string>, path: string, says: RegExp) =>
      assert.rejects(targets({ files: { ...files, ...changed }, path }), says);
    await refused(file(all, db, foreign), "/repo/db.yaml", /another rule stood before it .*path_regex "db"$/);
    await refused(file(foreign, all), "/repo/db.yaml", /another rule stood before it/);
    await refused(file(db, all), "/repo/other.yaml", /another rule stood before it .*path_regex "other"$/);
    const kept = await targets({ files: { ...files, ...file(foreign, all) }, path: "/repo/x.yaml" });
    assert.deepEqual(kept.groups, [[age(bob)]]);
    for (const pattern of ["constructor", "__proto__"])
      await refused(file(`{path_regex: ${pattern}, age: ${bob}}`, db), `/repo/${pattern}`, /it is new since/);
    const odd = await targets({
      files: file(`{path_regex: __proto__, age: ${bob}}`),
      path: "/repo/__proto__",
    });
    const again = await targets({ files: odd.files, path: "/repo/__proto__", quiet: true });
    assert.deepEqual([again.groups, again.stderr], [[[age(bob)]], ""]);
  });

  test("are refused in a file that is new where another counted, and where a nearer one is gone", async () => {
    const above = await targets({ files: rules(text(alice)) });
    const near = { "/repo/app/.sops.yaml": text(bob) };
    const refusal = await targets({ files: { ...above.files, ...near } }).catch((error: unknown) => error);
    assert.ok(refusal instanceof InputError);
    assert.equal(
      refusal.message,
      "/repo/app/.sops.yaml is new, and would count in place of /repo/.sops.yaml, whose recipients you accepted",
    );
    const command = /: signet (allow recipients .*)$/.exec(refusal.hint)?.[1] ?? "";
    const run = await runInMemory(command.split(" "), {
      files: { ...above.files, ...near },
      env: { HOME },
    });
    const both = Object.fromEntries(run.files);
    assert.deepEqual((await targets({ files: both })).groups, [[age(bob)]]);
    const { "/repo/app/.sops.yaml": _, ...gone } = both;
    await assert.rejects(
      targets({ files: gone }),
      /^InputError: \/repo\/app\/\.sops\.yaml, whose recipients you accepted, is gone/,
    );
    assert.deepEqual((await targets({ files: gone, folder: "/repo" })).groups, [[age(alice)]]);
    const remove = ["allow", "--remove", "recipients", "/repo/app/.sops.yaml"];
    const without = await runInMemory(remove, { files: gone, env: { HOME } });
    assert.deepEqual((await targets({ files: Object.fromEntries(without.files) })).groups, [[age(alice)]]);
  });

  test("are listed, and forgotten again", async () => {
    const { files } = await targets({ files: rules(text(alice)) });
    const run = (args: string[], from: Record<string, string>) =>
      runInMemory(["allow", ...args], { files: from, env: { HOME } });
    assert.equal((await run([], files)).stdout, "recipients /repo/.sops.yaml\n");
    const forgotten = await run(["--remove", "recipients", "/repo/.sops.yaml"], files);
    assert.deepEqual([forgotten.code, forgotten.stdout], [0, ""]);
    const after = Object.fromEntries(forgotten.files);
    assert.equal((await run([], after)).stdout, "");
    const twice = await run(["--remove", "recipients", "/repo/.sops.yaml"], after);
    assert.match(twice.stderr, /^error: no recipients of \/repo\/\.sops\.yaml are accepted\n/);
    for (const [args, says] of [
      [["recipients"], /recipients of which file\?/],
      [["recipients", "a", "b"], /one file is accepted at a time/],
      [["recipients", "/gone"], /cannot read \/gone/],
    ] as const)
      assert.match((await run([...args], files)).stderr, says);
    const empty = await run(["recipients", "/repo/.sops.yaml"], rules("creation_rules: [{pgp: X}]"));
    assert.match(empty.stderr, /has no creation rule that signet follows/);
  });

  test("are not compared where there is no home, and a record that is none is not passed over", async () => {
    const made = await targets({ files: rules(text(alice)), env: { HOME: "" } });
    assert.deepEqual(made.groups, [[age(alice)]]);
    for (const damaged of [
      "",
      "[]",
      "{}",
      '{"recipients":[]}',
      '{"recipients":{"/x":{"r":{"groups":[1],"threshold":0}}}}',
    ])
      await assert.rejects(
        targets({ files: { ...rules(text(alice)), [RECORD]: damaged } }),
        /recipients\.json is not a list of recipients as signet writes it/,
      );
  });
});
