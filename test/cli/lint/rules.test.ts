import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { LintRule } from "../../../cli/lint/problem.ts";
import { RULES } from "../../../cli/lint/rules.ts";
import { coverageTable } from "../../support/coverage-table.ts";
import { testSealer } from "../../support/in-process-sealing.ts";
import { runInMemory } from "../../support/memory-io.ts";
import { plainSecret, SopsUser } from "../../support/sops-user.ts";
import { readTestKey, readVectors } from "../../support/vectors.ts";

const main = readTestKey("2048");
const twin = readTestKey("other-2048");
const large = readTestKey("4096");
const strict = { kind: "strict", namespace: "shop", name: "db" } as const;
const value = await (await testSealer(main.certificatePem)).value("hunter2", strict);
const largeValue = await (await testSealer(large.certificatePem)).value("hunter2", strict);
const [kms] = readVectors<{ sealed: string }>("kms").filter(({ name }) => name === "opens-strict");
const certificates = {
  "main.pem": main.certificatePem,
  "both.pem": twin.certificatePem + large.certificatePem,
  "twin.pem": twin.certificatePem,
};

/** A manifest with these lines in its metadata and spec; its item `password` stands in line 8. */
function manifest(metadata = "", spec = "", item = `password: ${value}`): string {
  return `apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata:
  name: db
  namespace: shop${metadata}
spec:
  encryptedData:
    ${item}${spec}
`;
}

type Told = { rule: string; level: string; path: string; line: number; item: string | null; what: string };

/** What is found in a file, as `LINE LEVEL RULE`. */
async function found(text: string, args: readonly string[] = []): Promise<{ lines: string[]; told: Told[] }> {
  const files = { ...certificates, "db.yaml": text };
  const { stdout, stderr, code } = await runInMemory(["lint", "-o", "json", ...args, "db.yaml"], { files });
  const { findings } = JSON.parse(stdout) as { findings: Told[] };
  assert.equal(code, findings.some(({ level }) => level === "error") ? 1 : 0, stderr);
  assert.ok(!stdout.includes("hunter2") && !stdout.includes(value.slice(0, 40)), "quotes no value");
  for (const { path } of findings) assert.equal(path, "db.yaml");
  return { lines: findings.map(({ line, level, rule }) => `${line} ${level} ${rule}`), told: findings };
}

const rows = Object.fromEntries(Object.entries(RULES).map(([rule, { title }]) => [rule, title]));
const { proves, everyRowHasATest } = coverageTable(rows as Record<LintRule, string>);

/** One object, what is found in it, and a word of what is told of the first. */
type Case = [
  what: string,
  text: string,
  found: string[],
  says?: RegExp | undefined,
  args?: readonly string[],
];

const annotated = (...lines: string[]) => `\n  annotations:${lines.map((line) => `\n    ${line}`).join("")}`;
const wide = "sealedsecrets.bitnami.com/cluster-wide";
const byNamespace = "sealedsecrets.bitnami.com/namespace-wide";
const templated = (...lines: string[]) =>
  `\n  template:\n    data:${lines.map((line) => `\n      ${line}`).join("")}`;
const hint = (text: string) => annotated(`signet.dev/sealing-key: '${text}'`);
const inTemplate = (...lines: string[]) =>
  `\n  template:\n    metadata:${lines.map((line) => `\n      ${line}`).join("")}`;

const CASES: Partial<Record<LintRule, Case[]>> = {
  unreadable: [
    ["no YAML", "kind: SealedSecret\nspec: [\n", ["3 error unreadable"]],
    ["a template of Helm", "kind: SealedSecret\nmetadata: {{ .name }}: x\n", ["2 error unreadable"]],
  ],
  structure: [
    [
      "a field is missing",
      manifest().replace(/\n {2}name: db/, ""),
      ["3 error structure"],
      /^metadata\.name is/,
    ],
    ["a wrong type", manifest("", "\n  template:\n    type: 5"), ["10 error structure"], /must be a string/],
    [
      "the group of another resource",
      manifest().replace("bitnami.com/v1alpha1", "v1"),
      ["1 error structure"],
      /^apiVersion must be "bitnami\.com\/v1alpha1"/,
    ],
    [
      "several fields, each at its line",
      manifest(
        "",
        "\n  template:\n    type: 5\n    data: []\n  vault:\n  - key: a\n    mount: 5",
        "password: {}",
      ).replace("name: db", "name: DB"),
      ["4", "8", "10", "11", "14", "13", "13"].map((line) => `${line} error structure`),
      /^metadata\.name must be a name/,
    ],
    [
      "without a part nothing is told of what it should hold",
      "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: 5\n",
      ["3 error structure", "1 error structure"],
      /^metadata must be a map/,
    ],
    ["two forms at once", manifest("", "\n  data: aGVsbG8="), ["9 error not-sealed", "9 error structure"]],
  ],
  "item-name": [
    ["a space", manifest("", "", `"pass word": ${value}`), ["8 error item-name"], /^pass word is no name/],
    ["of a template", manifest("", templated('"a b": x')), ["11 error item-name"]],
  ],
  "not-sealed": [
    ["plain text", manifest("", "", 'password: "hunter2!"'), ["8 error not-sealed"], /base64 from byte 7/],
    ["plain base64", manifest("", "", "password: aHVudGVyMg=="), ["8 error not-sealed"], /too short/],
    ["cut off", manifest("", "", `password: ${value.slice(0, 348)}`), ["8 error not-sealed"], /cut off/],
    [
      "no RSA length",
      manifest("", "", `password: AAAB${"A".repeat(80)}`),
      ["8 error not-sealed"],
      /no RSA key/,
    ],
    ["half a value of KMS", manifest("", "", "password: kms:1:abc"), ["8 error not-sealed"], /^password: /],
    ["half a value of Vault", manifest("", "", "password: vault:1:abc"), ["8 error not-sealed"]],
    ["KMS", manifest("", "", `password: ${kms?.sealed}`), []],
  ],
  "unknown-format": [
    ["of later", manifest("", "", "password: pq:1:abc"), ["8 error unknown-format"], /backend pq/],
    ["a later version", manifest("", "", "password: kms:2:abc"), ["8 error unknown-format"]],
    ["of others", manifest("", "", 'password: "gpg:abc"'), ["8 error unknown-format"], /no backend/],
  ],
  "unknown-key": [
    [
      "by its length",
      manifest("", "", `password: ${largeValue}`),
      ["8 error unknown-key"],
      /4096.*2048/,
      ["--cert=main.pem"],
    ],
    [
      "by the note",
      manifest(hint(main.fingerprint)),
      ["7 error unknown-key"],
      /none of the/,
      ["--cert", "both.pem"],
    ],
    ["known among several", manifest(hint(main.fingerprint)), [], undefined, ["--cert=twin.pem,main.pem"]],
    [
      "one of a file of several",
      manifest("", "", `password: ${largeValue}`),
      [],
      undefined,
      ["--cert=both.pem"],
    ],
    ["nothing is known", manifest(hint(main.fingerprint)), []],
  ],
  "key-hint": [
    ["no fingerprint", manifest(hint("abc")), ["7 warning key-hint"], /no fingerprint/],
    ["no JSON", manifest(hint("{abc")), ["7 warning key-hint"], /cannot be read/],
    [
      "names what is gone",
      manifest(hint(`{"old":"${main.fingerprint}"}`)),
      ["7 warning key-hint"],
      /item old/,
    ],
    [
      "contradicts the value",
      manifest(hint(large.fingerprint)),
      ["7 error key-hint"],
      /key of 4096 bits, and the value is for one of 2048/,
      ["--cert=both.pem"],
    ],
  ],
  "scope-annotation": [
    ["True", manifest(annotated(`${wide}: "True"`)), ["7 error scope-annotation"], /other than true/],
    ["false", manifest(annotated(`${wide}: "false"`)), []],
    [
      "both",
      manifest(annotated(`${wide}: "true"`, `${byNamespace}: "true"`)),
      ["6 error scope-annotation"],
      /both/,
    ],
    [
      "in the template alone",
      manifest("", inTemplate("annotations:", `  ${wide}: "true"`)),
      ["11 warning scope-annotation"],
      /its template says cluster-wide, and the object itself strict/,
    ],
    [
      "in both places",
      manifest(annotated(`${wide}: "true"`), inTemplate("annotations:", `  ${wide}: "true"`)),
      [],
    ],
  ],
  "missing-namespace": [
    ["strict", manifest().replace("\n  namespace: shop", ""), ["3 warning missing-namespace"], /strict/],
    ["cluster-wide", manifest(annotated(`${wide}: "true"`)).replace("\n  namespace: shop", ""), []],
  ],
  renamed: [
    [
      "the name",
      manifest("", inTemplate("name: web")),
      ["4 error renamed"],
      /its name is db, and its template has web/,
    ],
    ["the namespace", manifest("", inTemplate("namespace: team")), ["5 error renamed"]],
    ["the name, namespace-wide", manifest(annotated(`${byNamespace}: "true"`), inTemplate("name: web")), []],
    [
      "the namespace, namespace-wide",
      manifest(annotated(`${byNamespace}: "true"`), inTemplate("namespace: team")),
      ["5 error renamed"],
    ],
    ["cluster-wide", manifest(annotated(`${wide}: "true"`), inTemplate("name: web", "namespace: x")), []],
    ["neither", manifest("", inTemplate("name: db", "namespace: shop")), []],
  ],
  template: [
    [
      "does not end",
      manifest("", templated('url: "{{ .password "')),
      ["11 error template"],
      /^template: url:1/,
    ],
    ["unknown function", manifest("", templated('url: "{{ nosuch .password }}"')), ["11 error template"]],
    ["random", manifest("", templated('url: "{{ randAlpha 5 }}"')), ["11 warning template"], /randAlpha/],
    [
      "random, and allowed",
      manifest("", templated('url: "{{ randAlpha 5 }}"')),
      [],
      undefined,
      ["--allow-nondeterministic-templates"],
    ],
  ],
  "template-item": [
    [
      "misspelt",
      manifest("", templated('url: "{{ .pasword }}"')),
      ["11 error template-item"],
      /reads pasword/,
    ],
    ["by index", manifest("", templated(`url: '{{ index . "no.such" }}'`)), ["11 error template-item"]],
    ["another template", manifest("", templated('url: "{{ .user }}"', "user: me")), []],
    [
      "from Vault",
      manifest(
        "",
        `${templated('url: "{{ .user }}"')}\n  vault: [{key: user, mount: kv, path: a, field: b}]`,
      ),
      [],
    ],
  ],
  "no-effect": [
    [
      "a template",
      manifest("", templated("password: x")),
      ["11 warning no-effect"],
      /encrypted item .* wins/,
    ],
    ["a null", manifest("", templated("user: null")), ["11 warning no-effect"], /is null, and there is no/],
  ],
  "unused-value": [
    [
      "taken out",
      manifest("", templated("password: null")),
      ["11 warning unused-value"],
      /no template reads/,
    ],
    ["read by its name", manifest("", templated("password: null", 'url: "{{ .password }}"')), []],
    ["read with all", manifest("", templated("password: null", 'url: "{{ toJson . }}"')), []],
    [
      "nobody knows",
      manifest("", templated("password: null", 'url: "{{ .password "')),
      ["12 error template"],
    ],
  ],
  "vault-reference": [
    [
      "sealed, too",
      manifest(
        "",
        "\n  vault:\n    - {key: a, mount: kv, path: a, field: b}\n    - {key: password, mount: kv, path: a, field: b}",
      ),
      ["11 error vault-reference"],
    ],
    [
      "a bad name",
      manifest("", "\n  vault: [{key: a/b, mount: kv, path: a, field: b}]"),
      ["9 error vault-reference"],
    ],
  ],
  "refused-secret": [
    [
      "the label of a key",
      manifest("", inTemplate("labels:", "  sealedsecrets.bitnami.com/sealed-secrets-key: active")),
      ["12 error refused-secret"],
    ],
    [
      "copied elsewhere",
      manifest("", inTemplate("annotations:", '  replicator.v1.mittwald.de/replicate-to: "*"')),
      ["12 warning refused-secret"],
    ],
    [
      "a token",
      manifest("", "\n  template:\n    type: kubernetes.io/service-account-token"),
      ["10 warning refused-secret"],
    ],
    [
      "the name of a key",
      manifest().replace("name: db", "name: sealed-secrets-keyx").replace("shop", "kube-system"),
      ["4 error refused-secret"],
    ],
  ],
};

suite("rules", () => {
  for (const [rule, cases] of Object.entries(CASES) as [LintRule, Case[]][]) {
    for (const [what, text, expected, says, args] of cases)
      proves(rule, `${rule}: ${what}`, async () => {
        const { lines, told } = await found(text, args);
        assert.deepEqual(lines, expected);
        if (says !== undefined) assert.match(told[0]?.what ?? "", says);
      });
  }

  test("nothing is found in what is right", async () => {
    assert.deepEqual((await found(manifest(), ["--cert=main.pem"])).lines, []);
  });

  proves("duplicate-name", "two of one name: an error in a folder, a note among folders", async () => {
    const files = {
      "a/db.yaml": `${manifest()}---\n${manifest()}`,
      "a/other.yaml": manifest().replace("shop", "team"),
      "b/db.yaml": manifest(),
    };
    const run = await runInMemory(["lint", "-o", "json", "a", "b"], { files });
    const { findings } = JSON.parse(run.stdout) as { findings: Told[] };
    assert.deepEqual(
      findings.map(({ path, line, level, rule, what }) => [path, line, level, rule, what.split(" ")[0]]),
      [
        ["a/db.yaml", 13, "error", "duplicate-name", "a/db.yaml:1"],
        ["b/db.yaml", 4, "note", "duplicate-name", "a/db.yaml:1"],
      ],
    );
    assert.equal(run.code, 1);
  });
});

suite("SOPS documents", async () => {
  const user = await SopsUser.create();
  const run = await user.run(["--age", user.recipient, "-o", "yaml"], {
    stdin: plainSecret({ password: "hunter2" }),
  });
  const sealed = run.stdout;
  const lint = async (text: string, args: readonly string[] = [], by = user) => {
    const { stdout } = await by.run(["lint", "-o", "json", ...args], { stdin: text });
    return (JSON.parse(stdout) as { findings: Told[] }).findings.map(
      ({ level, rule, what }) => `${level} ${rule}: ${what}`,
    );
  };

  test("are right as they are written", async () => {
    assert.deepEqual(await lint(sealed), []);
  });

  proves("sops-flux", "without the mark that keeps Flux off", async () => {
    const [only, ...others] = await lint(sealed.replace(/^.*decrypt: Disabled\n/m, ""));
    assert.match(only ?? "", /^warning sops-flux/);
    assert.deepEqual(others, []);
  });

  proves("sops", "values whose field sops is gone, or that stand in clear", async () => {
    const [gone] = await lint(sealed.replace(/^sops:\n(?: .*\n)*/m, ""));
    assert.match(gone ?? "", /^error sops: .*its field sops is missing/);
    const [clear] = await lint(sealed.replace(/^( *signet\.dev\/scope: ).*$/m, "$1plain"));
    assert.match(clear ?? "", /^error sops: .*stands in plain text/);
    const [rule] = await lint(sealed.replace("mac_only_encrypted: true", "mac_only_encrypted: false"));
    assert.match(rule ?? "", /^error sops: its MAC covers clear values/);
  });

  proves(
    "sops-mac",
    "changed, or for another place; nothing is said where no identity opens it",
    async () => {
      const renamed = await lint(sealed.replace(/^( +name): db$/m, "$1: web"));
      assert.match(renamed.join("\n"), /^error sops-mac: .*names another place: name$/m);
      const other = await user.run(["--age", user.recipient, "-o", "yaml"], {
        stdin: plainSecret({ password: "other", user: "me" }),
      });
      const foreign = /^ *password: .*$/m.exec(other.stdout)?.[0] ?? "";
      const swapped = sealed.replace(/^ *password: .*$/m, foreign);
      const [mac] = await lint(swapped);
      assert.match(mac ?? "", /^error sops-mac/);
      assert.deepEqual(await lint(swapped, [], await SopsUser.create()), []);
      const [cluster] = await lint(sealed, ["--cluster-id", "another"]);
      assert.match(cluster ?? "", /^error sops-mac: .*another place: cluster$/);
    },
  );

  test("that are Secrets are judged by their MAC alone; of what nobody here opens nothing is said", async () => {
    const { stdout: secret, stderr } = await user.run(
      ["convert", "--backend", "sops", "--as-secret", "--age", user.recipient, "-o", "yaml"],
      { stdin: sealed },
    );
    assert.match(secret, /^kind: Secret$/m, stderr);
    assert.deepEqual(await lint(secret), []);
    const changed = secret.replace(
      /^( *mac: ENC\[AES256_GCM,data:)(.)/m,
      (_, before: string, one: string) => {
        return `${before}${one === "A" ? "B" : "A"}`;
      },
    );
    assert.notEqual(changed, secret);
    const [mac, ...others] = await lint(changed);
    assert.match(mac ?? "", /^error sops-mac: /);
    assert.deepEqual(others, []);
    assert.deepEqual(await lint(changed, [], await SopsUser.create()), []);
    const [form] = await lint(secret.replace(/^( *)mac: .*$/m, "$1mac: ENC[x"));
    assert.match(form ?? "", /^error sops(?:-mac)?: /);
    assert.deepEqual(await lint("kind: Secret\nmetadata: {name: a}\nsops: {mac: mine}\n"), []);
  });

  everyRowHasATest();
});
