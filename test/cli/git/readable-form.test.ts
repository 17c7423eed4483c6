import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { readableForm } from "../../../cli/git/readable-form.ts";
import { fromUtf8, utf8 } from "../../../shared/bytes.ts";
import { encryptedYaml } from "../../support/sops-documents.ts";

const shown = (text: string) => fromUtf8(readableForm(utf8(text), "a.yaml")) ?? "";
const sealed = (value: string, annotations = "{}") =>
  `# why\nkind: SealedSecret\napiVersion: bitnami.com/v1alpha1\nmetadata:\n  name: db\n  namespace: team\n  annotations: ${annotations}\nspec:\n  encryptedData:\n    a: ${value}\n  template:\n    type: Opaque\n`;
const item = (value: string, annotations?: string) =>
  /^ {4}a: <(.*)>$/m.exec(shown(sealed(value, annotations)))?.[1]?.replace(/[0-9a-f]{12}$/, "DIGEST");

suite("sealed files as people compare them", () => {
  test("a value is told by its key and its scope", () => {
    assert.equal(item("AgBy3i4OJSWK"), "sealed under a key of the cluster, strict (team/db), DIGEST");
    assert.equal(
      item(
        "AgBy3i4OJSWK",
        '{ "signet.dev/sealing-key": "SHA256:abc", "sealedsecrets.bitnami.com/namespace-wide": "true" }',
      ),
      "sealed under the cluster's key SHA256:abc, namespace-wide (team), DIGEST",
    );
    assert.equal(item("kms:1:none"), "sealed under no readable AWS KMS key, strict (team/db), DIGEST");
    assert.equal(
      item("vault:1:transit/app:vault:v1:AAAA"),
      "sealed under Vault key transit/app, strict (team/db), DIGEST",
    );
  });

  test("another ciphertext has another digest, and none shows itself", () => {
    const [one, other] = [shown(sealed("AgBy3i4OJSWK")), shown(sealed("AgBy3i4OJSWL"))];
    assert.notEqual(one, other);
    assert.ok(!one.includes("AgBy") && one.startsWith("# why\n") && one.includes("    type: Opaque\n"));
  });

  test("values of SOPS are told by type and length, wrapped data keys by a digest", async () => {
    const text = shown(await encryptedYaml("a: secret\nl:\n    - 15\n"));
    assert.match(text, /^a: <encrypted str, 6 bytes, [0-9a-f]{12}>$/m);
    assert.match(text, /^ +- <encrypted int, 2 bytes, [0-9a-f]{12}>$/m);
    assert.match(text, /enc: <wrapped data key, [0-9a-f]{12}>/);
    assert.ok(!text.includes("ENC["));
  });

  for (const text of ["", "a: 1\n", "a: [", "\u0000binary", '{"a": "b"}\n']) {
    test(`what has nothing sealed in it stays as it is: ${JSON.stringify(text)}`, () => {
      assert.equal(shown(text), text);
    });
  }

  test("a value among others that is no ciphertext stays readable", () => {
    assert.equal(shown(sealed("word:plain")), sealed("word:plain"));
  });
});
