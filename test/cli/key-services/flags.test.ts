import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ALLOW_ALL, CLUSTER, KEYS, KeyServiceWorld, secretYaml } from "../../support/key-service-world.ts";
import { aliasArn } from "../../support/memory-kms.ts";
import { testCertificate } from "../../support/test-certificates.ts";

const { certificatePem } = testCertificate();
const stdin = secretYaml({ a: "b" });
const KMS = ["--kms-key", KEYS.kms[0]];
const TRANSIT = ["--vault-key", KEYS.vault[0]];

suite("whose key is sealed under", () => {
  const wrong: readonly [readonly string[], RegExp][] = [
    [["--backend", "gcp"], /invalid value "gcp" for --backend/],
    [["--backend", "kms"], /--backend kms needs a key/],
    [["--backend", "vault"], /--backend vault needs a key/],
    [["--backend", "kms", ...TRANSIT], /--backend kms and --vault-key contradict each other/],
    [["--backend", "vault", ...KMS], /--backend vault and --kms-key contradict each other/],
    [["--backend", "cluster", ...KMS], /--backend cluster and --kms-key contradict each other/],
    [[...KMS, ...TRANSIT], /--kms-key and --vault-key exclude each other/],
    [["--cert", "cert.pem", ...KMS], /--cert and --kms-key exclude each other/],
    [["--cert", "cert.pem", "--backend", "vault", ...TRANSIT], /--cert and --vault-key exclude each other/],
    [["--cert", "cert.pem", "--backend", "kms"], /--cert and --backend kms exclude each other/],
    [["--kms-key", "arn:aws:kms:eu-central-1:1:key/x"], /for --kms-key/],
    [["--kms-key", "arn:aws:kms:*:123456789012:key/x"], /for --kms-key/],
    [["--kms-key", "a key"], /for --kms-key/],
    [["--vault-key", "transit"], /for --vault-key/],
    [["--vault-key", "transit/../app"], /for --vault-key/],
    [["--vault-key", "transit/a%2fb"], /for --vault-key/],
    [["--vault-key", "transit//app"], /for --vault-key/],
  ];
  for (const [flags, message] of wrong) {
    for (const mode of [
      [],
      ["--raw", "--item", "a", "-n", "shop", "--name", "db"],
      ["--merge-into", "s.yaml"],
      ["s.yaml"],
    ]) {
      test(`is refused: ${[...mode, ...flags].join(" ")}`, async () => {
        const world = new KeyServiceWorld();
        const files = { "cert.pem": certificatePem, "s.yaml": stdin };
        const run = await world.run([...mode, ...flags], { stdin, files });
        assert.deepEqual([run.code, run.stdout, world.connected], [2, "", []], run.stderr);
        assert.match(run.stderr, message);
      });
    }
  }

  test("is the cluster's when nothing else is said, or that is said", async () => {
    const world = new KeyServiceWorld();
    for (const flags of [[], ["--backend", "cluster"], ["--backend=", "--kms-key="]]) {
      const run = await world.run(["--cert", "cert.pem", ...flags], {
        stdin,
        files: { "cert.pem": certificatePem },
      });
      assert.deepEqual([run.code, /kms:|vault:/.test(run.stdout)], [0, false]);
    }
    assert.deepEqual(world.connected, []);
  });

  test("may be said by variables, and a key implies its backend", async () => {
    const world = new KeyServiceWorld();
    for (const env of [
      { SEALED_SECRETS_VAULT_KEY: KEYS.vault[0] },
      { SEALED_SECRETS_VAULT_KEY: KEYS.vault[0], SEALED_SECRETS_BACKEND: "vault" },
    ]) {
      assert.match((await world.run([], { stdin, env })).stdout, /"vault:1:transit\/first:/);
    }
    const back = ["--vault-key=", "--cert", "cert.pem"];
    const env = { SEALED_SECRETS_VAULT_KEY: KEYS.vault[0] };
    const run = await world.run(back, { stdin, env, files: { "cert.pem": certificatePem } });
    assert.doesNotMatch(run.stdout, /vault:/);
  });

  const variables = { SEALED_SECRETS_KMS_KEY: KEYS.kms[0] };
  const cert = ["--cert", "cert.pem"];
  const overruling: readonly [
    flags: readonly string[],
    env: Record<string, string>,
    under: "classic" | "kms" | "vault",
  ][] = [
    [[...cert], variables, "classic"],
    [["--backend", "cluster", ...cert], variables, "classic"],
    [["--backend", "cluster"], { ...variables, SEALED_SECRETS_CERT: "cert.pem" }, "classic"],
    [["--backend", "cluster", ...cert], { ...variables, SEALED_SECRETS_BACKEND: "kms" }, "classic"],
    [TRANSIT, variables, "vault"],
    [TRANSIT, { ...variables, SEALED_SECRETS_BACKEND: "kms" }, "vault"],
    [TRANSIT, { SEALED_SECRETS_CERT: "cert.pem" }, "vault"],
    [KMS, { SEALED_SECRETS_KMS_KEY: "no key at all", SEALED_SECRETS_BACKEND: "cluster" }, "kms"],
    [["--backend", "kms"], { ...variables, SEALED_SECRETS_VAULT_KEY: KEYS.vault[0] }, "kms"],
    [["--backend", "vault"], { ...variables, SEALED_SECRETS_VAULT_KEY: KEYS.vault[0] }, "vault"],
  ];
  for (const [flags, env, under] of overruling) {
    test(`is by ${flags[0]} ${under}, whatever the variables ${Object.keys(env)} say`, async () => {
      const files = { "cert.pem": certificatePem, "v.txt": "value" };
      for (const mode of [[], ["--raw", "--from-file", "a=v.txt", "-n", "shop", "--name", "db"]]) {
        const world = new KeyServiceWorld();
        const run = await world.run([...mode, ...flags], { stdin, env, files });
        assert.equal(run.code, 0, run.stderr);
        const form = /\b(kms|vault):1:/.exec(run.stdout)?.[1] ?? "classic";
        assert.equal(form, under);
        if (under === "classic") assert.equal(world.calls, 0);
      }
    });
  }

  test("is asked for where variables contradict each other, by their names", async () => {
    const wrong: readonly [Record<string, string>, RegExp][] = [
      [
        { ...variables, SEALED_SECRETS_VAULT_KEY: KEYS.vault[0] },
        /SEALED_SECRETS_KMS_KEY and SEALED_SECRETS_VAULT_KEY exclude each other\nhint: unset one of them, or say/,
      ],
      [
        { ...variables, SEALED_SECRETS_BACKEND: "cluster" },
        /SEALED_SECRETS_BACKEND cluster and SEALED_SECRETS_KMS_KEY contradict/,
      ],
      [
        { ...variables, SEALED_SECRETS_CERT: "cert.pem" },
        /SEALED_SECRETS_CERT and SEALED_SECRETS_KMS_KEY exclude/,
      ],
    ];
    for (const [env, message] of wrong) {
      const world = new KeyServiceWorld();
      const run = await world.run([], { stdin, env });
      assert.deepEqual([run.code, run.stdout, world.connected], [2, "", []]);
      assert.match(run.stderr, message);
    }
  });

  test("moves values by the flag, and leaves those of a variable's service as they are", async () => {
    const world = new KeyServiceWorld();
    const sealed = (await world.run(TRANSIT, { stdin })).stdout;
    const env = { SEALED_SECRETS_KMS_KEY: KEYS.kms[0] };
    const args = ["--re-encrypt", "--vault-key", KEYS.vault[1], ...ALLOW_ALL];
    const run = await world.run(args, { stdin: sealed, env });
    assert.equal(run.code, 0, run.stderr);
    assert.ok(run.stdout.includes(`"vault:1:${KEYS.vault[1]}:`));
  });

  test("may be an alias or a key id of AWS KMS; the value names what KMS answers", async () => {
    const world = new KeyServiceWorld();
    world.kms.setAlias("app", "first");
    for (const key of ["alias/app", "first", KEYS.kms[0]]) {
      assert.ok((await world.run(["--kms-key", key], { stdin })).stdout.includes(`"kms:1:${KEYS.kms[0]}:`));
    }
    const whole = (await world.run(["--kms-key", aliasArn("app")], { stdin })).stdout;
    assert.ok(whole.includes(`"kms:1:${aliasArn("app")}:`), "an alias ARN is kept");
    const tenants = ["--kms-allowed-keys", aliasArn("{namespace}")];
    assert.equal((await world.run(["unseal", ...tenants], { stdin: whole })).code, 1);
    world.kms.setAlias("shop", "first");
    const own = (await world.run(["--kms-key", aliasArn("shop")], { stdin })).stdout;
    assert.equal((await world.run(["unseal", ...tenants], { stdin: own })).code, 0);
  });
});

suite("a bare value of a key service", () => {
  const place = ["--raw", "-n", "shop", "--name", "db", ...KMS];
  const files = { "p.txt": "pw", "u.txt": "me", "d/p.txt": "other", "odd name": "x" };

  test("is for the item that --item, KEY=FILE or the file's name says", async () => {
    const world = new KeyServiceWorld();
    const opens = async (value: string, item: string) => {
      const flags = ["unseal", "--raw", "-n", "shop", "--name", "db", "--item", item, ...ALLOW_ALL];
      return (await world.run(flags, { stdin: value })).stdout;
    };
    const said: readonly [readonly string[], string, string][] = [
      [["--item", "a"], "a", "in"],
      [["--from-file", "b=p.txt"], "b", "pw"],
      [["--from-file", "b=p.txt", "--item", "a"], "a", "pw"],
      [["-f", "p.txt", "--item", "a"], "a", "pw"],
      [["p.txt"], "p.txt", "pw"],
      [["p.txt", "--item", "a"], "a", "pw"],
    ];
    for (const [args, item, plain] of said) {
      const run = await world.run([...place, "--verbose", ...args], { stdin: "in", files });
      assert.equal(run.code, 0, run.stderr);
      assert.match(
        run.stderr,
        new RegExp(
          `^sealed one value: scope strict \\(shop/db\\), item ${item}, AWS KMS key .*, for cluster ${CLUSTER}$`,
          "m",
        ),
      );
      assert.equal(await opens(run.stdout, item), plain);
      assert.equal(await opens(run.stdout, `${item}x`), "");
    }
    const several = await world.run([...place, "p.txt", "u.txt"], { files });
    const [first = "", second = ""] = several.stdout.split("\n");
    assert.equal(await opens(first.replace("p.txt: ", ""), "p.txt"), "pw");
    assert.equal(await opens(second.replace("u.txt: ", ""), "u.txt"), "me");
  });

  const wrong: readonly [readonly string[], RegExp][] = [
    [[], /the item that the value is for is not known/],
    [["--from-file", "p.txt"], /the item that the value is for is not known/],
    [["-f", "p.txt"], /the item that the value is for is not known/],
    [["--item", "a b"], /"a b" is not a name/],
    [["odd name"], /"odd name" is not a name/],
    [["--item", "a", "p.txt", "u.txt"], /--item names one item/],
    [["--output-dir", "o", "**/p.txt"], /are both for the item p\.txt/],
  ];
  for (const [args, message] of wrong) {
    test(`is refused: ${args.join(" ")}`, async () => {
      const world = new KeyServiceWorld();
      const run = await world.run([...place, ...args], { stdin: "in", files });
      assert.deepEqual([run.code, run.stdout, world.calls], [2, "", 0], run.stderr);
      assert.match(run.stderr, message);
    });
  }

  test("opens for a named item alone, and --item asks for --raw", async () => {
    const world = new KeyServiceWorld();
    const value = (await world.run([...place, "--item", "a"], { stdin: "in" })).stdout;
    const flags = ["unseal", "--raw", "-n", "shop", "--name", "db", ...ALLOW_ALL];
    const run = await world.run(flags, { stdin: value });
    assert.equal(run.code, 2);
    assert.match(run.stderr, /give --item KEY/);
    assert.match(
      (await world.run(["--item", "a", ...KMS], { stdin })).stderr,
      /^error: --item requires --raw/,
    );
  });
});

test("a value that has not its form needs neither connection nor token", async () => {
  const world = new KeyServiceWorld();
  const sealed = (await world.run(TRANSIT, { stdin })).stdout;
  const before = world.connected.length;
  const cut = sealed.replace(/(vault:1:[^"]*)[^"]{4}"/, '$1!"');
  for (const args of [["unseal"], ["--validate"], ["--re-encrypt"]]) {
    const run = await world.run([...args, ...ALLOW_ALL], { stdin: cut, env: { VAULT_TOKEN: "" } });
    assert.equal(run.code, 1);
    assert.match(run.stderr, /not a vault: value: /, args.join(" "));
  }
  assert.equal(world.connected.length, before);
});

test("patterns of flags that are none are refused by name", async () => {
  const world = new KeyServiceWorld();
  const sealed = (await world.run(KMS, { stdin })).stdout;
  const run = await world.run(["unseal", "--kms-allowed-keys", "*"], { stdin: sealed });
  assert.equal(run.code, 2);
  assert.match(run.stderr, /^error: invalid value "\*" for --kms-allowed-keys/);
});
