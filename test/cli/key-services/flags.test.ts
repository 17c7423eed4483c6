import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { utf8 } from "../../../shared/bytes.ts";
import { scopeAt } from "../../../shared/scope.ts";
import { kmsSealer } from "../../../shared/seal/kms-sealer.ts";
import {
  ALLOW_ALL,
  CLUSTER,
  KEYS,
  KeyServiceWorld,
  secretYaml,
  VAULT,
} from "../../support/key-service-world.ts";
import { aliasArn } from "../../support/memory-kms.ts";
import { type StubRoute, startStubApiServer } from "../../support/stub-api-server.ts";
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

suite("the way to Vault", () => {
  const seal = (
    env: Record<string, string>,
    args: readonly string[] = [],
    files: Record<string, string> = {},
  ) => {
    const world = new KeyServiceWorld();
    return world
      .run([...TRANSIT, ...args], { stdin, env, files })
      .then((run) => ({ ...run, connected: world.connected }));
  };

  test("is the one of the flags, then of our variables, then of Vault's", async () => {
    const [flag, ours] = ["https://flag.example.com", "https://ours.example.com:8200"];
    const flags = ["--vault-addr", flag, "--vault-namespace", "/team/a/"];
    assert.deepEqual((await seal({}, flags)).connected, [`${flag} team/a s.token`]);
    assert.deepEqual((await seal({ SEALED_SECRETS_VAULT_ADDR: ours })).connected, [`${ours}  s.token`]);
    assert.deepEqual((await seal({ VAULT_NAMESPACE: "team" })).connected, [`${VAULT} team s.token`]);
  });

  test("needs an address, and one of a server", async () => {
    assert.match((await seal({ VAULT_ADDR: "" })).stderr, /^error: the address of Vault is not given\n/);
    for (const address of [
      "vault",
      "ftp://vault",
      "https://vault/v1",
      "https://me@vault",
      "https://vault?x",
      "https://",
    ]) {
      const run = await seal({ VAULT_ADDR: address });
      assert.deepEqual([run.code, run.connected], [2, []], address);
      assert.match(run.stderr, /^error: VAULT_ADDR is no address of a server\n/);
      assert.match((await seal({}, ["--vault-addr", address])).stderr, /^error: --vault-addr is no address/);
    }
    assert.match((await seal({ VAULT_NAMESPACE: "a/../b?" })).stderr, /VAULT_NAMESPACE is no namespace/);
  });

  test("is not taken without a look at Vault's certificate", async () => {
    for (const value of ["1", "true", "T", "yes"]) {
      const run = await seal({ VAULT_SKIP_VERIFY: value });
      assert.deepEqual([run.code, run.connected], [2, []]);
      assert.match(run.stderr, /^error: VAULT_SKIP_VERIFY is set, .*\nhint: .*--vault-ca-cert FILE/);
    }
    for (const value of ["", "0", "false", "F"])
      assert.equal((await seal({ VAULT_SKIP_VERIFY: value })).code, 0);
  });

  test("is not taken where a variable that is not heeded says whom to trust", async () => {
    const files = { "ca.pem": certificatePem };
    for (const name of ["VAULT_CACERT_BYTES", "VAULT_CAPATH", "VAULT_TLS_SERVER_NAME"]) {
      const run = await seal({ [name]: "canary" });
      assert.deepEqual([run.code, run.connected], [2, []]);
      assert.match(run.stderr, new RegExp(`^error: ${name} is set, and .*\nhint: unset it, and `));
      assert.doesNotMatch(run.stderr, /canary/);
      const flagged = await seal({ [name]: "canary" }, ["--vault-ca-cert", "ca.pem"], files);
      assert.equal(flagged.code, name === "VAULT_TLS_SERVER_NAME" ? 2 : 0);
      assert.equal((await seal({ [name]: "" })).code, 0);
    }
    const both = { VAULT_CACERT: "ca.pem", VAULT_CAPATH: "/certs" };
    assert.equal((await seal(both, [], files)).code, 0, "the file comes first, as in Vault's own tools");
  });

  test("takes the certificates of a file, and refuses what holds none", async () => {
    const files = { "ca.pem": certificatePem, "other.pem": "nothing" };
    const withCa = [`${VAULT}  s.token with a CA`];
    assert.deepEqual((await seal({}, ["--vault-ca-cert", "ca.pem"], files)).connected, withCa);
    assert.deepEqual((await seal({ VAULT_CACERT: "ca.pem" }, [], files)).connected, withCa);
    assert.match(
      (await seal({ VAULT_CACERT: "other.pem" }, [], files)).stderr,
      /other\.pem holds no certificate/,
    );
    assert.match(
      (await seal({ VAULT_CACERT: "gone.pem" }, [], files)).stderr,
      /cannot read gone\.pem.*no such file/,
    );
  });

  test("takes the token of a file, then VAULT_TOKEN, then what vault login left", async () => {
    const files = {
      "t.txt": "s.file\n",
      "/home/me/.vault-token": "s.login",
      "bad.txt": "s.a b",
      "empty.txt": "",
    };
    const env = { HOME: "/home/me" };
    const flag = ["--vault-token-file", "t.txt"];
    assert.deepEqual((await seal(env, flag, files)).connected, [`${VAULT}  s.file`]);
    assert.deepEqual((await seal(env, [], files)).connected, [`${VAULT}  s.token`]);
    assert.deepEqual((await seal({ ...env, VAULT_TOKEN: "" }, [], files)).connected, [`${VAULT}  s.login`]);
    const none = await seal({ VAULT_TOKEN: "" });
    assert.match(none.stderr, /^error: there is no token for Vault\nhint: log in with vault login/);
    for (const file of ["bad.txt", "empty.txt", "gone.txt"]) {
      const run = await seal(env, ["--vault-token-file", file], files);
      assert.deepEqual([run.code, run.connected], [1, []]);
      assert.doesNotMatch(run.stderr, /s\.a/);
    }
    const odd = await seal({ VAULT_TOKEN: "s.odd token" });
    assert.match(odd.stderr, /^error: VAULT_TOKEN holds no token for Vault\n/);
    assert.doesNotMatch(odd.stderr, /odd token/);
  });

  test("without TLS is told, whoever reads it, but to this machine itself", async () => {
    const says = async (address: string) =>
      /can be read on their way/.test((await seal({}, ["--vault-addr", address])).stderr);
    assert.equal(await says("http://vault.example.com:8200"), true);
    assert.equal(await says("http://127.0.0.1.example.com"), true);
    for (const address of ["http://127.0.0.1:8200", "http://localhost:8200", "http://[::1]:8200", VAULT])
      assert.equal(await says(address), false, address);
  });

  test("has no flag for the token itself", async () => {
    assert.equal((await seal({}, ["--vault-token", "s.x"])).code, 2);
  });
});

suite("the cluster that values are for", () => {
  const config = "/api/v1/namespaces/kube-system/configmaps/sealed-secrets-certificate";
  const route = (path: string, body: object, status = 200): StubRoute => ({
    method: "GET",
    path,
    status,
    body: JSON.stringify(body),
  });
  const configMap = (data: object) => route(config, { metadata: {}, data });
  const namespace = route("/api/v1/namespaces/kube-system", {
    metadata: { name: "kube-system", uid: "uid-1" },
  });
  const denied = { kind: "Status", reason: "Forbidden", code: 403 };

  async function bound(routes: readonly StubRoute[], args: readonly string[] = []) {
    const server = await startStubApiServer(routes);
    const world = new KeyServiceWorld();
    try {
      const run = await world.run([...KMS, "--server", server.url, ...args], {
        stdin,
        env: { SEALED_SECRETS_CLUSTER_ID: "" },
      });
      return {
        ...run,
        cluster: world.kms.calls[0]?.context["signet-cluster"],
        asked: server.requests.map(({ line }) => line),
      };
    } finally {
      await server.close();
    }
  }

  test("is what the controller published, else the uid of kube-system", async () => {
    assert.equal((await bound([configMap({ "cluster-id": "blue" }), namespace])).cluster, "blue");
    assert.equal((await bound([namespace])).cluster, "uid-1");
    assert.equal((await bound([configMap({ "cert.pem": "x" }), namespace])).cluster, "uid-1");
    assert.equal((await bound([configMap({ "cluster-id": "" }), namespace])).cluster, "uid-1");
    assert.equal((await bound([configMap({ "cluster-id": "a\nb" }), namespace])).cluster, "uid-1");
    assert.equal((await bound([route(config, denied, 403), namespace])).cluster, "uid-1");
    const elsewhere = route("/api/v1/namespaces/infra/configmaps/sealed-secrets-certificate", {
      metadata: {},
      data: { "cluster-id": "infra" },
    });
    assert.equal((await bound([elsewhere, namespace], ["--controller-namespace", "infra"])).cluster, "infra");
  });

  test("is --cluster-id, and then no cluster is asked", async () => {
    const run = await bound([configMap({ "cluster-id": "blue" })], ["--cluster-id", "green"]);
    assert.deepEqual([run.cluster, run.asked], ["green", []]);
  });

  test("is asked for once, and not for classic values", async () => {
    const run = await bound([namespace], ["-f", "none"]);
    assert.deepEqual([run.code, run.asked], [1, []], "a file that cannot be read is told first");
    const world = new KeyServiceWorld();
    const server = await startStubApiServer([namespace]);
    try {
      const files = { "a.yaml": stdin, "b.yaml": stdin, "cert.pem": certificatePem };
      const env = { SEALED_SECRETS_CLUSTER_ID: "" };
      const args = ["--server", server.url, "--in-place", "a.yaml", "b.yaml"];
      assert.equal((await world.run([...KMS, ...args], { files, env })).code, 0);
      assert.equal(server.requests.length, 2, "ConfigMap and namespace");
      assert.equal((await world.run(["--cert", "cert.pem", ...args], { files, env })).code, 0);
      assert.equal(server.requests.length, 2);
    } finally {
      await server.close();
    }
  });

  test("not known is an error that names --cluster-id; nobody is asked for a data key", async () => {
    for (const routes of [[], [route("/api/v1/namespaces/kube-system", denied, 403)]]) {
      const run = await bound(routes);
      assert.deepEqual([run.code, run.stdout, run.cluster], [1, "", undefined]);
      assert.match(
        run.stderr,
        /^error: the cluster that the values are for is not known: .*\nhint: give --cluster-id ID/,
      );
    }
    const world = new KeyServiceWorld();
    const run = await world.run([...KMS], { stdin, env: { SEALED_SECRETS_CLUSTER_ID: "" } });
    assert.match(
      run.stderr,
      /^error: the cluster that the values are for is not known: .*\nhint: give --cluster-id ID/,
    );
  });

  test("must be an id", async () => {
    for (const id of ["a\u0007b", "a\nb", "\u202eabc", "x".repeat(254)]) {
      const run = await bound([namespace], ["--cluster-id", id]);
      assert.deepEqual([run.code, run.cluster], [2, undefined]);
      assert.match(run.stderr, /^error: --cluster-id must not be empty/);
    }
    for (const empty of [["--cluster-id", ""], ["--cluster-id="]]) {
      const run = await bound([namespace], empty);
      assert.deepEqual([run.code, run.asked], [2, []], "a variable that was empty has no cluster asked");
    }
  });

  test("may not be none, of which controllers open nothing; what was sealed for it opens here", async () => {
    for (const mode of [[], ["--raw", "--item", "a", "-n", "shop", "--name", "db"]]) {
      const run = await bound([namespace], [...mode, "--cluster-id", "none"]);
      assert.deepEqual([run.code, run.stdout, run.cluster, run.asked], [2, "", undefined, []]);
      assert.match(run.stderr, /^error: none is the id of no cluster: /);
    }
    const run = await bound([configMap({ "cluster-id": "none" })]);
    assert.deepEqual([run.code, run.stdout, run.cluster], [2, "", undefined]);
    const world = new KeyServiceWorld();
    const context = { clusterId: "none", scope: scopeAt("strict", { namespace: "shop", name: "db" }) };
    const sealed = await kmsSealer(world.kms, KEYS.kms[0]).sealAll(new Map([["a", utf8("b")]]), context);
    const before = `{"apiVersion":"bitnami.com/v1alpha1","kind":"SealedSecret","metadata":{"name":"db","namespace":"shop"},"spec":{"encryptedData":{"a":"${sealed.get("a")}"}}}`;
    const old = await world.run(["unseal", "--cluster-id", "none", ...ALLOW_ALL], { stdin: before });
    assert.equal(old.code, 0, old.stderr);
  });

  test("is asked for when values are opened, once they have their form and their keys are allowed", async () => {
    const world = new KeyServiceWorld();
    const sealed = (await world.run([...KMS, "--cluster-id", "uid-1"], { stdin })).stdout;
    const server = await startStubApiServer([namespace]);
    const env = { SEALED_SECRETS_CLUSTER_ID: "" };
    const open = (text: string, ...more: string[]) =>
      world.run(["unseal", "--server", server.url, ...more], { stdin: text, env });
    try {
      assert.equal((await open(sealed)).code, 1);
      assert.equal((await open(sealed.replace("kms:1:arn", "kms:2:arn"), ...ALLOW_ALL)).code, 1);
      assert.equal(server.requests.length, 0);
      assert.equal((await open(sealed, ...ALLOW_ALL)).code, 0);
      assert.equal(server.requests.length, 2);
    } finally {
      await server.close();
    }
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
