import assert from "node:assert/strict";
import { test } from "node:test";
import {
  hasTemplates,
  noteFailure,
  renderItems,
  type TemplatePolicy,
} from "../../../controller/reconcile/render-items.ts";
import { TemplateBackoff } from "../../../controller/reconcile/template-backoff.ts";
import { utf8 } from "../../../shared/bytes.ts";
import { processorTime } from "../../support/processor-time.ts";
import { sealedSecret } from "./objects.ts";

type Data = Record<string, string | null>;

const opened = new Map([
  ["user", utf8("alice")],
  ["password", utf8("s3cr3t-value")],
]);

function policy(changes: Partial<TemplatePolicy> = {}): TemplatePolicy {
  const backoff = new TemplateBackoff(() => 0);
  return { enabled: true, allowNondeterministic: false, backoff, ...changes };
}

async function render(data: Data | undefined, changes: Partial<TemplatePolicy> = {}) {
  const template = data === undefined ? {} : { template: { data } };
  const rendered = await renderItems(sealedSecret({ spec: template }), opened, policy(changes));
  if (!rendered.ok) return rendered;
  const items = [...rendered.items].map(([item, bytes]) => [item, Buffer.from(bytes).toString()]);
  return { items: Object.fromEntries(items), warnings: rendered.warnings };
}

test("without templates the items are the opened ones", async () => {
  const expected = { items: { user: "alice", password: "s3cr3t-value" }, warnings: [] };
  assert.deepEqual(await render(undefined), expected);
  assert.deepEqual(await render({}), expected);
});

test("templates make items of opened ones; null takes one out", async () => {
  assert.deepEqual(await render({ url: "db://{{ .user }}:{{ .password | b64enc }}", password: null }), {
    items: { user: "alice", url: `db://alice:${Buffer.from("s3cr3t-value").toString("base64")}` },
    warnings: [],
  });
});

test("an ignored template and a template that reads another one's text are warned of, by item", async () => {
  const rendered = await render({ user: "{{ .user }}", a: "{{ .b }}", b: "{{ .user }}" });
  assert.ok("warnings" in rendered);
  assert.equal(rendered.items["user"], "alice");
  assert.deepEqual(rendered.warnings, [
    "spec.template.data.a reads b, which is a template too: it gets the template's text, not what it makes",
    "spec.template.data.user has no effect: the encrypted item of that name wins",
  ]);
});

test("templates that cannot be read are all named, with their lines, sorted", async () => {
  const rendered = await render({ z: "\n{{ if }}", a: "{{", fine: "1" });
  assert.ok("problem" in rendered);
  assert.equal(rendered.reason, "TemplateFailed");
  const lines = rendered.problem.split("\n");
  assert.match(lines[0] ?? "", /^template: a:1:/);
  assert.match(lines[1] ?? "", /^template: z:2:/);
  assert.equal(lines.length, 2);
});

test("of templates that fail while they run one is named, with line and function, without values", async () => {
  const rendered = await render({ a: "\n{{ fail .password }}", z: "{{ .user.x }}", broken: "{{" });
  assert.ok("problem" in rendered);
  const lines = rendered.problem.split("\n");
  assert.match(lines[0] ?? "", /^template: broken:1:/);
  assert.match(lines[1] ?? "", /^template: a:2:.*fail/);
  assert.equal(lines.length, 2);
  assert.ok(!rendered.problem.includes("s3cr3t"));
});

test("where a template fails is told for the first version that fails, not for those that follow it", async () => {
  const backoff = new TemplateBackoff(() => 0);
  const problem = async (generation: number) => {
    // A line for each letter: the line that fails spells the first letter of the password out.
    const source = [..."abcs"].map(
      (letter) => `{{ if eq (substr 0 1 .password) "${letter}" }}{{ fail "" }}{{ end }}\n`,
    );
    const template = { data: { guess: source.join("") } };
    const object = sealedSecret({ metadata: { uid: "u", generation }, spec: { template } });
    const rendered = await renderItems(object, opened, policy({ backoff }));
    return rendered.ok ? assert.fail("it did not fail") : rendered.problem;
  };
  const first = await problem(1);
  assert.match(first, /^template: guess:4:/);
  // Looked at again, it says the same, or its status would change for ever.
  assert.equal(await problem(1), first);
  for (const generation of [2, 3]) assert.ok(!/guess|:\d/.test(await problem(generation)));
});

test("functions that are random or read the clock are refused unless allowed", async () => {
  for (const source of ["{{ randAlphaNum 5 }}", "{{ now }}", '{{ "x" | htpasswd "u" }}', "{{ uuidv4 }}"]) {
    const refused = await render({ a: source });
    assert.ok("problem" in refused, source);
  }
  const allowed = await render({ a: "{{ randAlphaNum 5 | len }}" }, { allowNondeterministic: true });
  assert.ok("items" in allowed);
  assert.equal(allowed.items["a"], "5");
});

test("templates that are turned off fail; a null alone is no template", async () => {
  const off = await render({ a: "x" }, { enabled: false });
  assert.ok("problem" in off);
  assert.match(off.problem, /--templates=false/);
  assert.deepEqual(await render({ user: null }, { enabled: false }), {
    items: { password: "s3cr3t-value" },
    warnings: [],
  });
});

test("an item name no Secret may have is refused before anything runs", async () => {
  const rendered = await render({ "a/b": "x" });
  assert.ok("problem" in rendered);
  assert.equal(rendered.reason, "MalformedSealedSecret");
});

test("a template that would run for ever, or fill the memory, is stopped soon", async () => {
  const endless = "{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}";
  const large = '{{ repeat 1000000000 "x" }}';
  const deep = '{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}';
  for (const source of [endless, large, deep]) {
    const took = processorTime();
    const rendered = await render({ a: source });
    assert.ok("problem" in rendered, source);
    assert.ok(took() < 5000, source);
  }
});

test("failures are told to the backoff, with the object's version, and a success forgives none", async () => {
  const backoff = new TemplateBackoff(() => 0);
  for (let generation = 1; generation <= 3; generation++) {
    const metadata = { uid: "u", generation };
    const object = sealedSecret({ metadata, spec: { template: { data: { a: "{{ fail `x` }}" } } } });
    await renderItems(object, opened, policy({ backoff }));
  }
  assert.equal(backoff.waitMs("team/db", "u/3"), 0);
  assert.equal(backoff.waitMs("team/db", "u/4"), 5000);
  await render({ a: "fine" }, { backoff });
  assert.equal(backoff.waitMs("team/db", "u/4"), 5000);
});

test("a Secret that is refused after templates ran counts as their failure, one without templates does not", () => {
  const backoff = new TemplateBackoff(() => 0);
  const refused = (generation: number, data: Data) => {
    const object = sealedSecret({ metadata: { uid: "u", generation }, spec: { template: { data } } });
    noteFailure(object, policy({ backoff }));
  };
  for (let generation = 1; generation <= 3; generation++) refused(generation, { a: null });
  assert.equal(backoff.waitMs("team/db", "u/4"), 0);
  for (let generation = 1; generation <= 3; generation++) refused(generation, { a: "{{ .a }}" });
  assert.equal(backoff.waitMs("team/db", "u/4"), 5000);
});

test("what has templates: texts, but not nulls alone, nor the old whole-object form", () => {
  const at = (data: Data, whole?: string) =>
    hasTemplates(
      sealedSecret({ spec: { template: { data }, ...(whole === undefined ? {} : { data: whole }) } }),
    );
  assert.equal(at({ a: "x" }), true);
  assert.equal(at({ a: null }), false);
  assert.equal(at({}), false);
  assert.equal(at({ a: "x" }, "AAAA"), false);
});
