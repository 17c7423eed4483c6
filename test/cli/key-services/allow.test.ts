import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { allowKey, disallowKey, readAllowedKeys } from "../../../cli/key-services/allow-record.ts";
import {
  ALLOW_ALL,
  KEYS,
  KeyServiceWorld,
  sealFlags,
  secretYaml,
  VAULT,
} from "../../support/key-service-world.ts";
import { type MemoryWorld, memoryIo } from "../../support/memory-io.ts";

const RECORD = "/home/me/.config/signet/allowed-keys.json";
const HOME = { HOME: "/home/me" };

async function sealed(world: KeyServiceWorld, backend: "kms" | "vault"): Promise<string> {
  return (await world.run([...sealFlags(backend), "-o", "yaml"], { stdin: secretYaml({ a: "b" }) })).stdout;
}

/** Runs `allow` and gives the files back for the next run. */
async function allow(
  world: KeyServiceWorld,
  args: readonly string[],
  files: MemoryWorld["files"] = {},
  env = {},
) {
  const run = await world.run(["allow", ...args], { files, env: { ...HOME, ...env } });
  return { ...run, files: Object.fromEntries(run.files) };
}

suite("a key that a document names", () => {
  for (const backend of ["kms", "vault"] as const) {
    test(`of ${backend} is used only once it is allowed, and the hint is the command that does it`, async () => {
      const world = new KeyServiceWorld();
      const stdin = await sealed(world, backend);
      const before = [world.calls, world.connected.length];
      for (const args of [["unseal"], ["--validate"], ["--re-encrypt"], ["unseal", "--item", "a"]]) {
        const run = await world.run(args, { stdin, env: HOME });
        assert.deepEqual([run.code, run.stdout], [1, ""], args.join(" "));
        assert.match(
          run.stderr,
          /^error: (?:standard input[^:]*: )?spec\.encryptedData\.a: the .* key .* is not allowed here\nhint: /,
        );
        const command = /signet allow (.*)$/m.exec(run.stderr)?.[1] ?? "";
        const allowed = await allow(world, command.split(" "));
        assert.deepEqual([allowed.code, allowed.stderr], [0, ""]);
        const again = await world.run(["unseal"], { stdin, env: HOME, files: allowed.files });
        assert.deepEqual([again.code, again.stderr], [0, ""]);
        assert.deepEqual(
          [world.calls > (before[0] ?? 0), world.connected.length > (before[1] ?? 0)],
          [true, true],
        );
        [before[0], before[1]] = [world.calls, world.connected.length];
      }
    });

    test(`of ${backend} that is refused costs no call and no connection`, async () => {
      const world = new KeyServiceWorld();
      const stdin = await sealed(world, backend);
      const before = [world.calls, world.connected.length];
      const others = ["--kms-allowed-keys", KEYS.kms[1], "--vault-allowed-keys", KEYS.vault[1]];
      for (const mode of [["unseal"], ["--validate"], ["--re-encrypt"]]) {
        assert.equal((await world.run(mode, { stdin })).code, 1);
        const run = await world.run([...mode, ...others], { stdin });
        assert.equal(run.code, 1);
        assert.match(run.stderr, new RegExp(`hint: if you trust it, name it with --${backend}-allowed-keys`));
      }
      assert.deepEqual([world.calls, world.connected.length], before);
    });

    test(`a ${backend} key is allowed by flag where there is no home for a list`, async () => {
      const world = new KeyServiceWorld();
      const stdin = await sealed(world, backend);
      const run = await world.run(["unseal"], { stdin, env: { HOME: "" } });
      assert.equal(run.code, 1);
      const flag = `--${backend}-allowed-keys ${KEYS[backend][0]}`;
      assert.ok(run.stderr.endsWith(`hint: if you trust it, name it with ${flag}\n`), run.stderr);
      assert.equal((await world.run(["unseal", ...flag.split(" ")], { stdin, env: { HOME: "" } })).code, 0);
    });
  }

  test("flags count instead of the record", async () => {
    const world = new KeyServiceWorld();
    const stdin = await sealed(world, "kms");
    const { files } = await allow(world, ["kms", KEYS.kms[0]]);
    const only = ["--kms-allowed-keys", KEYS.kms[1]];
    assert.equal((await world.run(["unseal"], { stdin, files, env: HOME })).code, 0);
    assert.equal((await world.run(["unseal", ...only], { stdin, files, env: HOME })).code, 1);
  });

  test("of Vault is allowed for one address and one namespace", async () => {
    const world = new KeyServiceWorld();
    const stdin = await sealed(world, "vault");
    const { files } = await allow(world, ["vault", "transit/first"]);
    const codes = [{}, { VAULT_ADDR: "https://evil.example.com" }, { VAULT_NAMESPACE: "team" }].map(
      async (env) => (await world.run(["unseal"], { stdin, files, env: { ...HOME, ...env } })).code,
    );
    assert.deepEqual(await Promise.all(codes), [0, 1, 1]);
    const spelled = { ...HOME, VAULT_ADDR: "HTTPS://Vault.Example.com:8200/" };
    assert.equal((await world.run(["unseal"], { stdin, files, env: spelled })).code, 0);
    const run = await world.run(["unseal"], { stdin, files, env: { ...HOME, VAULT_NAMESPACE: "team/a" } });
    assert.match(
      run.stderr,
      /signet allow vault --vault-addr \S+ --vault-namespace team\/a transit\/first$/m,
    );
  });

  test("may be allowed by a pattern that names the namespace", async () => {
    const world = new KeyServiceWorld();
    world.transit.createKey("transit/shop", "context");
    const stdin = (
      await world.run(["--vault-key", "transit/shop", "-o", "yaml"], { stdin: secretYaml({ a: "b" }) })
    ).stdout;
    const { files } = await allow(world, ["vault", "transit/{namespace}"]);
    assert.equal((await world.run(["unseal"], { stdin, files, env: HOME })).code, 0);
    const moved = stdin.replaceAll("namespace: shop", "namespace: attic");
    assert.match(
      (await world.run(["unseal"], { stdin: moved, files, env: HOME })).stderr,
      /not allowed here/,
    );
  });

  test("needs no permission when the user names that very key, and no other gains by it", async () => {
    const world = new KeyServiceWorld();
    const stdin = await sealed(world, "kms");
    assert.equal((await world.run(["--validate", "--kms-key", KEYS.kms[0]], { stdin })).code, 0);
    assert.equal((await world.run(["--validate", "--kms-key", KEYS.kms[1]], { stdin })).code, 1);
    assert.equal((await world.run(["--re-encrypt", "--kms-key", KEYS.kms[1]], { stdin })).code, 1);
  });
});

suite("{namespace} in a user's own list", () => {
  const pattern = "arn:aws:kms:*:*:alias/{namespace}";

  test("is told to be the file's word, on standard error in any case", async () => {
    const world = new KeyServiceWorld();
    const allowed = await allow(world, ["kms", pattern]);
    assert.equal(allowed.code, 0);
    assert.match(allowed.stderr, /^warning: \{namespace\} is whatever a file says its namespace is/);
    assert.equal((await allow(world, ["kms", "arn:aws:kms:*:*:alias/*"])).stderr, "");
    assert.equal((await allow(world, ["--remove", "kms", pattern], allowed.files)).stderr, "");
  });
});

suite("signet allow", () => {
  test("lists, adds once, sorted, and takes back", async () => {
    const world = new KeyServiceWorld();
    let { files } = await allow(world, ["vault", "transit/first"]);
    ({ files } = await allow(world, ["kms", KEYS.kms[0]], files));
    ({ files } = await allow(world, ["kms", KEYS.kms[0]], files));
    const { stdout } = await allow(world, [], files);
    assert.equal(stdout, `kms ${KEYS.kms[0]}\nvault transit/first at ${VAULT}\n`);
    const removed = await allow(world, ["--remove", "kms", KEYS.kms[0]], files);
    assert.equal(removed.code, 0);
    assert.equal((await allow(world, [], removed.files)).stdout, `vault transit/first at ${VAULT}\n`);
    const elsewhere = await allow(world, ["--remove", "vault", "transit/first"], removed.files, {
      VAULT_NAMESPACE: "team",
    });
    assert.equal(elsewhere.code, 1);
    assert.match(elsewhere.stderr, /namespace team is not allowed as it is/);
  });

  test("keeps what it is told below XDG_CONFIG_HOME, readable by its owner only", async () => {
    const world = new KeyServiceWorld();
    const { files } = await allow(world, ["kms", KEYS.kms[0]], {}, { XDG_CONFIG_HOME: "/cfg" });
    assert.deepEqual(Object.keys(files), ["/cfg/signet/allowed-keys.json"]);
    const relative = await allow(world, ["kms", KEYS.kms[0]], {}, { XDG_CONFIG_HOME: "cfg" });
    assert.deepEqual(Object.keys(relative.files), [RECORD]);
    assert.match(String(files["/cfg/signet/allowed-keys.json"]), /^\{\n {2}"allowed": \[\n/);
  });

  test("a record that is damaged is neither passed over nor written over", async () => {
    const world = new KeyServiceWorld();
    const stdin = await sealed(world, "kms");
    const damaged = [
      "{",
      "[]",
      '{"allowed":[{"service":"kms","pattern":"*"}]}',
      '{"allowed":[{"service":"gcp"}]}',
      "\xff",
    ];
    for (const text of damaged) {
      const files = { [RECORD]: text };
      for (const args of [["allow"], ["allow", "kms", KEYS.kms[0]], ["unseal"]]) {
        const run = await world.run(args, { files, env: HOME, stdin });
        assert.equal(run.code, 1, `${args} ${text}`);
        assert.match(run.stderr, /allowed-keys\.json is not a list of allowed keys/);
        assert.equal(run.files.get(RECORD), text);
      }
    }
  });

  const wrong: readonly [readonly string[], RegExp][] = [
    [["--remove"], /^error: which key\?/],
    [["kmz", "x"], /did you mean kms\?/],
    [["kms"], /which key of kms\?/],
    [["kms", KEYS.kms[0], KEYS.kms[1]], /one key is allowed at a time/],
    [["kms", "*"], /names no key of kms/],
    [["kms", "alias/app"], /names no key of kms/],
    [["vault", "transit"], /names no key of vault/],
    [["vault", "transit/../app"], /names no key of vault/],
    [["vault", "transit/{namespace}*"], /names no key of vault/],
  ];
  for (const [args, message] of wrong) {
    test(`refuses ${args.join(" ")}`, async () => {
      const run = await allow(new KeyServiceWorld(), args);
      assert.equal(run.code, 2);
      assert.match(run.stderr, message);
      assert.deepEqual(Object.keys(run.files), []);
    });
  }

  test("what was allowed is what is permitted: any key that is written down, and no other", async () => {
    const segment = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
    const key = fc.tuple(segment, segment).map((parts) => parts.join("/"));
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(key, { minLength: 1, maxLength: 4 }), key, async (allowed, asked) => {
        const world = new KeyServiceWorld();
        let files = {};
        for (const one of allowed) ({ files } = await allow(world, ["vault", one], files));
        const stdin = JSON.stringify({
          apiVersion: "bitnami.com/v1alpha1",
          kind: "SealedSecret",
          metadata: { name: "db", namespace: "shop" },
          spec: { encryptedData: { a: `vault:1:${asked}:vault:v1:AAAA` } },
        });
        const { stderr } = await world.run(["unseal"], { stdin, files, env: HOME });
        assert.equal(/is not allowed here/.test(stderr), !allowed.includes(asked));
      }),
      { numRuns: 40 },
    );
  });
});

test("what is allowed by several at once is allowed", () => {
  const { io } = memoryIo([], { env: HOME });
  const [one, other, removed] = [...KEYS.kms, "arn:aws:kms:*:*:key/*"].map(
    (pattern) => ({ service: "kms", pattern }) as const,
  );
  assert.ok(one !== undefined && other !== undefined && removed !== undefined);
  allowKey(removed, io);
  const { create } = io.files;
  io.files.create = (path, content) => {
    io.files.create = create;
    allowKey(other, io);
    disallowKey(removed, io);
    create(path, content);
  };
  allowKey(one, io);
  assert.deepEqual(new Set(readAllowedKeys(io)), new Set([one, other]));
});

test("everything may be allowed by flags alone, where there is no home", async () => {
  const world = new KeyServiceWorld();
  const stdin = await sealed(world, "vault");
  assert.equal((await world.run(["unseal", ...ALLOW_ALL], { stdin, env: { HOME: "" } })).code, 0);
  const run = await world.run(["allow", "kms", KEYS.kms[0]], { env: { HOME: "" } });
  assert.match(run.stderr, /^error: there is no folder for what you allow/);
});
