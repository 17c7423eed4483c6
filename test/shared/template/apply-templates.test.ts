import assert from "node:assert/strict";
import { test } from "node:test";
import { applyTemplates, warningInWords } from "../../../shared/template/apply-templates.ts";
import { sprigFunctions } from "../../../shared/template/functions/sprig.ts";
import { processorTime } from "../../support/processor-time.ts";

function apply(
  decrypted: Record<string, string>,
  templateData: Record<string, string | null>,
  unknown: readonly string[] = [],
) {
  const items = new Map(Object.entries(decrypted).map(([name, text]) => [name, Buffer.from(text)]));
  const applied = applyTemplates(items, new Map(Object.entries(templateData)), {
    functions: sprigFunctions,
    unknown: new Set(unknown),
  });
  return {
    unmade: Object.fromEntries(applied.unmade),
    items: Object.fromEntries(
      [...applied.items].map(([name, bytes]) => [name, Buffer.from(bytes).toString()]),
    ),
    failures: applied.failures.map(({ message }) => message),
    warnings: applied.warnings,
  };
}

test("templates read decrypted items and make new ones", () => {
  const { items, failures, warnings } = apply({ pw: "s3" }, { url: "db://u:{{ .pw }}@h" });
  assert.deepEqual(items, { pw: "s3", url: "db://u:s3@h" });
  assert.deepEqual([failures, warnings], [[], []]);
});

test("templates alone, without any item: a constant can be read, and is an item itself", () => {
  const { items, failures, warnings } = apply({}, { host: "db.local", url: "db://{{ .host }}" });
  assert.deepEqual(items, { host: "db.local", url: "db://db.local" });
  assert.deepEqual([failures, warnings], [[], []]);
});

test("a constant beside them can be read", () => {
  const { items, warnings } = apply({ pw: "s3" }, { user: "alice", conf: "{{ .user }}:{{ .pw }}" });
  assert.deepEqual(items, { pw: "s3", user: "alice", conf: "alice:s3" });
  assert.deepEqual(warnings, []);
});

test("a decrypted item wins over the template of its name, in the Secret and in what templates read", () => {
  const { items, warnings } = apply({ pw: "s3" }, { pw: "{{ .pw | html }}!", conf: "{{ .pw }}" });
  assert.deepEqual(items, { pw: "s3", conf: "s3" });
  assert.deepEqual(warnings, [{ kind: "overridden", item: "pw" }]);
});

test("a template fails the object even where its output would be dropped", () => {
  const { failures } = apply({ pw: "s3" }, { pw: "{{ .pw.x }}", other: "{{" });
  assert.deepEqual(failures, [
    "template: pw:1:6: can't evaluate field x in type string",
    "template: other:1:2: unclosed action",
  ]);
});

test("null takes a decrypted item out of the Secret, not out of the templates' reach", () => {
  const { items, warnings } = apply(
    { pw: "s3", b: "x" },
    { pw: null, none: null, conf: "{{ .pw }}{{ .none }}" },
  );
  assert.deepEqual(items, { b: "x", conf: "s3<no value>" });
  assert.deepEqual(warnings, []);
});

test("a template that reads another gets its source, and a warning says so", () => {
  const { items, warnings } = apply({ pw: "s3" }, { a: "{{ .pw }}", b: "<{{ .a }}>", c: "c" });
  assert.deepEqual(items, { pw: "s3", a: "s3", b: "<{{ .pw }}>", c: "c" });
  assert.deepEqual(warnings, [{ kind: "reads-source", item: "b", source: "a" }]);
});

test("ranging over everything reads every template, oneself included", () => {
  const { warnings } = apply({ pw: "s3" }, { a: "{{ .pw }}", all: "{{ range . }}{{ . }}{{ end }}" });
  assert.deepEqual(warnings, [
    { kind: "reads-source", item: "all", source: "a" },
    { kind: "reads-source", item: "all", source: "all" },
  ]);
});

test("a warning's words name the items and nothing they hold", () => {
  const { warnings } = apply({ pw: "hunter2" }, { pw: "literal9", a: "{{ .pw }}", b: "{{ .a }}" });
  const words = warnings.map(warningInWords);
  assert.equal(words.length, 2);
  assert.match(words[0] ?? "", /pw/);
  assert.match(words[1] ?? "", /\bb\b.*\ba\b/s);
  assert.ok(!words.join().includes("hunter2") && !words.join().includes("literal9"));
});

test("who is warned of a source that is read does not depend on values: no branch, no name made by a run", () => {
  const sources = Object.fromEntries(Array.from({ length: 256 }, (_, byte) => [`t${byte}`, "{{/* x */}}"]));
  const asks = [
    '{{ $_ := index . (printf "t%d" (index .pw 0)) }}',
    "{{ if eq (index .pw 0) 97 }}{{ $_ := .t97 }}{{ else }}{{ $_ := .t98 }}{{ end }}",
    '{{ range $t := list "t97" "t98" }}{{ if eq $t (printf "t%d" (index $.pw 0)) }}{{ index $ $t }}{{ end }}{{ end }}',
  ];
  for (const ask of asks) {
    const [a, b] = ["a", "b"].map((pw) => apply({ pw }, { ask, ...sources }).warnings);
    assert.deepEqual(a, b, ask);
  }
});

for (const [template, read] of [
  ["{{ $x := . }}{{ $x.a }}", ["a"]],
  ["{{ with . }}{{ .a }}{{ end }}", ["a"]],
  ["{{ with .b }}{{ . }}{{ end }}", ["b"]],
  ["{{ range list 1 }}{{ $.a }}{{ end }}", ["a"]],
  ["{{ range list (dict) }}{{ .a }}{{ end }}", []],
  ['{{ define "d" }}{{ .a }}{{ end }}{{ template "d" . }}', ["a"]],
  ['{{ define "d" }}{{ $.a }}{{ end }}{{ template "d" (dict "a" 1) }}', []],
  ['{{ define "d" }}{{ if false }}{{ template "d" . }}{{ end }}{{ .a }}{{ end }}{{ template "d" $ }}', ["a"]],
  ['{{ index . "a" }}{{ index (.) "b" | quote }}', ["a", "b"]],
  ["{{ (.).a }}{{ len . }}", ["a"]],
  ["{{ if false }}{{ .b }}{{ end }}", ["b"]],
  ["{{ toJson . }}", ["a", "b", "k"]],
] as const) {
  test(`${template} reads ${read.join(", ") || "none"}`, () => {
    const { warnings } = apply({}, { a: "{{ 1 }}", b: "{{ 2 }}", k: template });
    assert.deepEqual(warnings.map((warning) => ("source" in warning ? warning.source : "")).sort(), read);
  });
}

test("tens of thousands of templates end soon, and with few warnings", () => {
  for (const source of ["x", "{{", "{{ range . }}{{ break }}{{ end }}"]) {
    const templates = Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`t${at}`, source]));
    const took = processorTime();
    const { warnings } = apply({}, templates);
    assert.ok(took() < 8_000, source);
    assert.ok(warnings.length <= 100);
  }
});

test("a template that may read an item that is not known here is not run, and the others are", () => {
  const templates = {
    one: "{{ .far }}",
    quoted: '{{ index . "far" }}',
    unlikely: "{{ if false }}{{ .far }}{{ end }}",
    all: "{{ range $key, $value := . }}{{ $key }}{{ end }}",
    strict: '{{ if not .far }}{{ fail "x" }}{{ end }}',
    made: "{{ .near }}",
    constant: "c",
  };
  const { items, unmade, failures } = apply({ near: "n" }, templates, ["far", "wide"]);
  assert.deepEqual(items, { near: "n", made: "n", constant: "c" });
  assert.deepEqual(unmade, {
    one: ["far"],
    quoted: ["far"],
    unlikely: ["far"],
    all: ["far", "wide"],
    strict: ["far"],
  });
  assert.deepEqual(failures, []);
});

test("an item that is not known here wins over the template of its name all the same", () => {
  const { items, unmade, warnings } = apply({}, { far: "template", conf: "{{ .far }}" }, ["far"]);
  assert.deepEqual([items, unmade], [{}, { conf: ["far"] }]);
  assert.deepEqual(warnings, [{ kind: "overridden", item: "far" }]);
});
