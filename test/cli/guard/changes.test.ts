import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { changesBetween } from "../../../cli/guard/changes.ts";

const told = (path: string, before: string, after: string) =>
  changesBetween(path, before, after).map(({ rule, what }) => `${rule}: ${what}`);

const sealed = (annotations: string, template = "", value = "AgB") =>
  `apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata:
  name: db
  namespace: shop
  annotations: {${annotations}}
spec:
  encryptedData: {password: "${value}"}
  template: {${template}}
`;

suite("changes that reviewers should know of", () => {
  test("scopes", () => {
    const wide = '"sealedsecrets.bitnami.com/cluster-wide": "true"';
    const space = '"sealedsecrets.bitnami.com/namespace-wide": "true"';
    assert.deepEqual(told("a.yaml", sealed(""), sealed(wide)), [
      'changed-scope: SealedSecret "shop/db": the scope was strict and is cluster-wide',
    ]);
    assert.deepEqual(told("a.yaml", sealed(space), sealed("")), [
      'changed-scope: SealedSecret "shop/db": the scope was namespace-wide and is strict',
    ]);
    assert.deepEqual(
      told("a.yaml", sealed(""), sealed('"sealedsecrets.bitnami.com/cluster-wide": "no"')),
      [],
    );
  });

  test("labels, annotations and type of the template, by name", () => {
    const before = sealed("", "type: Opaque, metadata: {labels: {a: b, c: d}}");
    const after = sealed("", "type: Other, metadata: {labels: {a: b, c: e}, annotations: {copy-to: all}}");
    assert.deepEqual(told("a.yaml", before, after), [
      'changed-template: SealedSecret "shop/db": the template has changed: annotations copy-to, labels c, type',
    ]);
  });

  test("keys of key services that values lie under", () => {
    const arn = (id: string) => `kms:1:arn:aws:kms:eu-central-1:123456789012:key/${id}:QUJD:QUJD`;
    assert.deepEqual(told("a.yaml", sealed("", "", arn("one")), sealed("", "", arn("two"))), [
      'changed-recipients: SealedSecret "shop/db": who can decrypt has changed: + kms:1:arn:aws:kms:eu-central-1:123456789012:key/two, - kms:1:arn:aws:kms:eu-central-1:123456789012:key/one',
    ]);
    const vault = (key: string) => `vault:1:transit/${key}:vault:v1:QUJD`;
    assert.equal(told("a.yaml", sealed("", "", vault("a")), sealed("", "", vault("b"))).length, 1);
  });

  test("recipients and rules of SOPS, in documents and in creation rules", () => {
    const document = (age: string, regex: string, mac: string) =>
      `kind: Secret\nmetadata: {name: db}\nsops:\n  age:\n    - recipient: ${age}\n      enc: ${mac}\n  encrypted_regex: ${regex}\n  mac: ${mac}\n  lastmodified: "${mac}"\n`;
    assert.deepEqual(told("a.yaml", document("age1a", "^data$", "x"), document("age1b", "^b$", "y")), [
      'changed-recipients: Secret "db": who can decrypt has changed: + age.recipient age1b, + encrypted_regex ^b$, - age.recipient age1a, - encrypted_regex ^data$',
    ]);
    assert.deepEqual(told("a.yaml", document("age1a", "^data$", "x"), document("age1a", "^data$", "y")), []);
    assert.deepEqual(
      told("x/.sops.yaml", "creation_rules:\n  - age: age1a\n", "creation_rules:\n  - age: age1a,age1b\n"),
      ["changed-recipients: who can decrypt has changed: + age age1b"],
    );
    assert.deepEqual(told(".sops.yaml", "creation_rules:\n  - age: age1a\n", ""), [
      "changed-recipients: the creation rules are gone",
    ]);
  });

  test("are told of the pins and rules of a project file", () => {
    const project = (fingerprint: string, rules = "") =>
      `version: 1\nclusters:\n  prod: {certificate: a.pem, fingerprint: ${fingerprint}}\n${rules}`;
    assert.deepEqual(told("x/.signet.yaml", project("SHA256:a"), project("SHA256:b")), [
      "changed-pin: for whom is sealed here has changed: + clusters.prod.fingerprint SHA256:b, - clusters.prod.fingerprint SHA256:a",
    ]);
    assert.deepEqual(
      told(".signet.yaml", project("SHA256:a"), project("SHA256:a", "rules: [{clusters: [prod]}]\n")),
      ["changed-pin: for whom is sealed here has changed: + rules[0].clusters[0] prod"],
    );
    const forSops = (who: string) => project("SHA256:a", `rules: [{backend: sops, age: [${who}]}]\n`);
    assert.deepEqual(told(".signet.yaml", forSops("age1a"), forSops("age1a, age1b")), [
      "changed-pin: for whom is sealed here has changed: + rules[0].age[1] age1b",
    ]);
    assert.deepEqual(told(".signet.yaml", "", project("SHA256:a")).length, 1);
    assert.deepEqual(told(".signet.yaml", project("SHA256:a"), `# more\n${project("SHA256:a")}`), []);
    assert.deepEqual(told("signet.yaml", project("SHA256:a"), project("SHA256:b")), []);
  });

  test("in lists and streams each by its name; what is new or of no interest is none", () => {
    const wide = '"sealedsecrets.bitnami.com/cluster-wide": "true"';
    const other = sealed(wide).replace("name: db", "name: other");
    assert.deepEqual(told("a.yaml", sealed(""), `${sealed("")}---\n${other}`), []);
    assert.equal(told("a.yaml", `${other}---\n${sealed("")}`, `${sealed(wide)}---\n${other}`).length, 1);
    const list = (text: string) => `kind: List\nitems:\n  - ${text.replaceAll("\n", "\n    ")}\n`;
    assert.equal(told("a.yaml", list(sealed("")), list(sealed(wide))).length, 1);
    assert.deepEqual(told("a.yaml", sealed("", "", "AgB"), sealed("", "", "AgC")), []);
    assert.deepEqual(told("a.yaml", "kind: ConfigMap\n", "kind: ConfigMap\ndata: {a: b}\n"), []);
  });
});
