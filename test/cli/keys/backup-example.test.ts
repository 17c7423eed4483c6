import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { loadAll } from "js-yaml";
import { pairSecret, sealingPair } from "../../controller/sealing-key.ts";
import { keysWorld } from "./keys-world.ts";

type Rule = { apiGroups: string[]; resources: string[]; resourceNames?: string[]; verbs: string[] };
type Example = {
  kind: string;
  rules?: Rule[];
  spec?: { jobTemplate: { spec: { template: { spec: { containers: { command: string[] }[] } } } } };
};

const path = join(import.meta.dirname, "../../../examples/key-backup/cronjob.yaml");
const examples = loadAll(readFileSync(path, "utf8")) as Example[];
const ofKind = (kind: string) => examples.find((one) => one.kind === kind) ?? assert.fail(kind);

/** The verb and object of a request, as rights have them. */
function asked(
  method: string,
  url: string,
): { group: string; resource: string; name: string | null; verb: string } {
  const [, group = "", resource = "", name = null] =
    /^\/(?:api|apis\/([^/]+))\/v1\/namespaces\/kube-system\/([^/]+)(?:\/([^/]+))?$/.exec(url) ??
    assert.fail(url);
  const verb = method === "PUT" ? "update" : method === "POST" ? "create" : name === null ? "list" : "get";
  return { group, resource, name, verb };
}

test("the CronJob's command backs up and confirms, and needs no rights but its own", async (context) => {
  const pair = await sealingPair();
  const world = await keysWorld(context, [pairSecret(pair, "one")]);
  const [container] = ofKind("CronJob").spec?.jobTemplate.spec.template.spec.containers ?? [];
  const [program, word, ...args] = container?.command ?? [];
  assert.deepEqual([program, word], ["signet", "keys"]);
  const before = world.cluster.requests.length;
  const { code, stderr, files } = await world.keys(...args.map((arg) => arg.replace("$(JOB)", "job-1")));
  assert.equal(code, 0, stderr);
  assert.match(files.get("/backups/job-1.yaml") ?? "", /^apiVersion: v1\nkind: List\n/);
  assert.match(world.secret("one").metadata.annotations?.["signet.dev/backup-confirmed"] ?? "", / age1ql3z7/);
  const { rules = [] } = ofKind("Role");
  const requests = world.cluster.requests.slice(before);
  assert.ok(requests.length > 3);
  for (const { method, path: url } of requests) {
    const { group, resource, name, verb } = asked(method, url);
    const isAllowed = rules.some(
      (rule) =>
        rule.apiGroups.includes(group) &&
        rule.resources.includes(resource) &&
        rule.verbs.includes(verb) &&
        (rule.resourceNames === undefined || (name !== null && rule.resourceNames.includes(name))),
    );
    assert.ok(isAllowed, `${method} ${url}`);
  }
});
