import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { KeyServiceError } from "../../../shared/seal/key-service-error.ts";
import { base64 } from "../../support/in-process-sealing.ts";
import {
  ALLOW_ALL,
  BACKENDS,
  KeyServiceWorld,
  SCOPES,
  sealFlags,
  secretYaml,
} from "../../support/key-service-world.ts";
import type { MemoryRun, MemoryWorld } from "../../support/memory-io.ts";
import { objectsIn } from "../../support/sealed-secret-scene.ts";

const ITEMS = { user: "al", password: "hunter2" };

async function seal(world: KeyServiceWorld, args: readonly string[]): Promise<string> {
  const run = await world.run([...args, "-o", "yaml"], { stdin: secretYaml(ITEMS) });
  assert.equal(run.code, 0, run.stderr);
  return run.stdout;
}

function render(world: KeyServiceWorld, text: string, args: string[], memory: MemoryWorld = {}) {
  return world.run(["render", ...args, "in"], { files: { "in/a.yaml": text }, ...memory });
}

function assertOpened({ code, stdout, stderr }: MemoryRun): void {
  assert.deepEqual([code, stderr], [0, ""]);
  const [secret] = objectsIn(stdout);
  assert.deepEqual(secret?.["data"], { user: base64("al"), password: base64("hunter2") });
}

for (const backend of BACKENDS) {
  suite(`values under ${backend}`, () => {
    for (const scope of SCOPES) {
      test(`are opened with the user's rights, ${scope}`, async () => {
        const world = new KeyServiceWorld();
        const text = await seal(world, [...sealFlags(backend), "--scope", scope]);
        const wide = scope === "cluster-wide" ? ["--allow-cluster-wide"] : [];
        assertOpened(await render(world, text, ["--strict", ...ALLOW_ALL, ...wide]));
        assert.equal(world.closed, world.connected.length);
      });
    }

    test("go out sealed where their key is not allowed, and nobody is asked", async () => {
      const world = new KeyServiceWorld();
      const text = await seal(world, sealFlags(backend));
      const calls = world.calls;
      const run = await render(world, text, []);
      assert.deepEqual([run.code, run.stdout], [0, text], run.stderr);
      assert.match(
        run.stderr,
        /^note: in\/a\.yaml: .* is not allowed here \(.*\); left sealed, for a controller\n$/,
      );
      const strict = await render(world, text, ["--strict"]);
      assert.deepEqual([strict.code, strict.stdout], [1, ""]);
      assert.match(strict.stderr, /is not allowed here.*nothing goes out sealed/);
      assert.equal(world.calls, calls);
    });

    test("for a namespace that is not rendered are an error, and nobody is asked", async () => {
      const world = new KeyServiceWorld();
      const text = await seal(world, sealFlags(backend));
      const calls = world.calls;
      const run = await render(world, text, [...ALLOW_ALL, "--allow-namespace", "other"]);
      assert.deepEqual([run.code, run.stdout], [1, ""]);
      assert.match(run.stderr, /shop\/db is for a namespace that is not rendered here/);
      assert.equal(world.calls, calls);
    });

    test("that are sealed for another object, or cluster, do not open", async () => {
      const world = new KeyServiceWorld();
      const text = await seal(world, sealFlags(backend));
      for (const [moved, args] of [
        [text.replace("name: db", "name: web"), []],
        [text.replace("namespace: shop", "namespace: attic"), []],
        [text, ["--cluster-id", "another"]],
      ] as const) {
        const run = await render(world, moved, [...ALLOW_ALL, ...args]);
        assert.deepEqual([run.code, run.stdout], [1, ""]);
        assert.match(run.stderr, /no key could decrypt secret/);
        assert.doesNotMatch(run.stderr, /hunter2/);
      }
    });
  });
}

test("values under Vault go out sealed where nobody says which Vault is meant", async () => {
  const world = new KeyServiceWorld();
  const text = await seal(world, sealFlags("vault"));
  const run = await render(world, text, ALLOW_ALL, { env: { VAULT_ADDR: "" } });
  assert.deepEqual([run.code, run.stdout], [0, text], run.stderr);
  assert.match(run.stderr, /^note: .*Vault.*address is not given; left sealed/);
});

test("a key service that fails is an error: what it would have opened is not handed on", async () => {
  const world = new KeyServiceWorld();
  const text = await seal(world, sealFlags("kms"));
  for (const fault of ["unavailable", "denied", "credentials"] as const) {
    world.kms.before = () => {
      throw new KeyServiceError(fault, "AWS KMS fails", "ask again");
    };
    const run = await render(world, text, ALLOW_ALL);
    assert.deepEqual([run.code, run.stdout], [1, ""]);
    assert.match(run.stderr, /^error: in\/a\.yaml: AWS KMS fails\n/);
  }
});
