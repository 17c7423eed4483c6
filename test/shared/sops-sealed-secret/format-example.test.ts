import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SCOPE_ITEM, scopeItem } from "../../../shared/document/sops/scope-item.ts";
import { scopeAt } from "../../../shared/scope.ts";
import { openSopsValues } from "../../../shared/sops-sealed-secret/open-sops.ts";
import { told } from "../../support/sops-sealed-secrets.ts";

const page = readFileSync(join(import.meta.dirname, "../../../docs/formats.md"), "utf8");
const CLUSTER = "0b8f7f52-6a3c-4b7e-9d0e-2f6f3c1a9e55";
const dataKey = () => Uint8Array.from({ length: 32 }, (_, at) => at);
const unwrapper = { unwrap: async () => ({ share: dataKey() }) };

/** The line of the page that begins so. */
function line(name: string): string {
  const found = page.split("\n").find((text) => text.startsWith(`${name}: ENC[`));
  assert.ok(found !== undefined, name);
  return found.slice(name.length + 2);
}

test("the example of the page on formats opens in its place", async () => {
  const sealedSecret = {
    spec: { encryptedData: { password: line("password"), [SCOPE_ITEM]: line(SCOPE_ITEM) } },
    sops: {
      age: [{ recipient: "age1", enc: "-" }],
      encrypted_regex: "^encryptedData$",
      lastmodified: "2026-01-02T03:04:05Z",
      mac: line("mac"),
      mac_only_encrypted: true,
      version: "3.9.0",
    },
  };
  const scope = scopeAt("strict", { namespace: "team-a", name: "db" });
  const place = { clusterId: CLUSTER, scope, unwrapper };
  const { signal } = new AbortController();
  assert.deepEqual(told(await openSopsValues(sealedSecret, place, signal)), { password: "correct horse" });
  assert.ok(page.includes(`\`${scopeItem(CLUSTER, scope)}\``), "the page says what the scope item holds");
});
