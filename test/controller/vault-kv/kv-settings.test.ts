import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readControllerOptions } from "../../../controller/options.ts";
import { kvRules, kvUse, mayName, roleOf } from "../../../controller/vault-kv/kv-settings.ts";

const complete = {
  "vault-addr": "https://vault",
  "vault-kv-mounts": "kv,teams/{namespace}",
  "vault-kv-role": "tenant-{namespace}",
  "vault-kv-audience": "vault",
};
const use = (change: Record<string, string> = {}) => {
  const args = Object.entries({ ...complete, ...change }).map(([name, value]) => `--${name}=${value}`);
  return kvUse(readControllerOptions(args, {}));
};
const settings = () => {
  const used = use();
  return used.on ? used.settings : assert.fail(used.why);
};

describe("options of Vault references", () => {
  test("all of them turn references on", () => {
    const { role, mounts, refreshMs, authMount } = settings();
    assert.deepEqual([role, authMount, refreshMs], ["tenant-{namespace}", "kubernetes", 300_000]);
    assert.deepEqual(mounts, ["kv", "teams/{namespace}"]);
  });

  test("without a mount they are off, which nobody needs to be told", () => {
    assert.deepEqual(use({ "vault-kv-mounts": "" }), {
      on: false,
      why: "no mount is allowed (--vault-kv-mounts)",
      isMeant: false,
    });
  });

  for (const missing of ["vault-addr", "vault-kv-role", "vault-kv-audience"])
    test(`without --${missing} they are off, in words`, () => {
      assert.deepEqual(use({ [missing]: "" }), {
        on: false,
        why: `the controller lacks --${missing}`,
        isMeant: true,
      });
    });

  test("the role is that of the namespace", () => {
    assert.equal(roleOf(settings(), "team-a"), "tenant-team-a");
    assert.equal(roleOf({ ...settings(), role: "all" }, "team-a"), "all");
  });

  for (const [mount, namespace, may] of [
    ["kv", "team", true],
    ["kv2", "team", false],
    ["kv/team", "team", false],
    ["teams/team", "team", true],
    ["teams/other", "team", false],
    ["teams/team/x", "team", false],
    ["teams", "team", false],
    ["teams/", "", false],
  ] as const)
    test(`mount ${mount} ${may ? "may" : "may not"} be named in namespace "${namespace}"`, () => {
      const reference = { ...{ key: "a", mount, path: "p", field: "f" }, version: null, refreshMs: null };
      assert.equal(mayName(settings(), reference, namespace), may);
    });

  test("a record holds as long as nothing that decides a value changes, whatever the interval", () => {
    const rules = JSON.stringify(kvRules(use()));
    const same = { "vault-kv-refresh-interval": "1h", "vault-kv-mounts": "teams/{namespace},kv" };
    assert.equal(JSON.stringify(kvRules(use(same))), rules);
    for (const change of [
      { "vault-addr": "https://other" },
      { "vault-namespace": "ns" },
      { "vault-kv-mounts": "kv" },
      { "vault-kv-role": "other" },
      { "vault-kv-audience": "other" },
      { "vault-kv-auth-mount": "other" },
      { "vault-kv-mounts": "" },
    ])
      assert.notEqual(JSON.stringify(kvRules(use(change))), rules, JSON.stringify(change));
  });
});
