import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { mayHoldSealedSecret, unlessForeign } from "../../cli/manifest-reading.ts";
import { readDocumentFile } from "../../shared/document/document-file.ts";
import { InputError } from "../../shared/errors.ts";

/** A tag of nobody's, which keeps a file from being read here and not by the reference. */
const UNREADABLE = "note: !v y\n";
const bytes = (text: string) => new TextEncoder().encode(text);
const read = (text: string, isNamed = false) =>
  unlessForeign(bytes(text), { isNamed }, () => readDocumentFile(bytes(text), "a.yaml"));

suite("a file in a folder that cannot be read is passed over", () => {
  test("only where nothing tells of a Secret or a SealedSecret, however its kind is written", () => {
    for (const kind of [
      "kind: SealedSecret",
      "kind: &k SealedSecret",
      "kind: !!str SealedSecret",
      "kind: !<tag:yaml.org,2002:binary> U2VhbGVkU2VjcmV0",
      "? !!binary a2luZA==\n: !!binary U2VhbGVkU2VjcmV0",
      '"k\\u0069nd": "Sealed\\x53ecret"',
      'kind: "\\U00000053ealed\\\n  Sec\\u0072et"',
      'kind: "\\\n  SealedSecret"',
      "name: &k SealedSecret\nkind: *k",
      "kind: # ours\n  Secret",
      "kind: |-\n  Secret",
      "# ends in \\\nkind: Secret",
      'kind: "Secre\\x74"',
      "kind: SecretList",
    ]) {
      assert.throws(() => read(`${kind}\n${UNREADABLE}`), InputError, kind);
    }
    assert.throws(() => read(`spec:\n  encryptedData: {}\n${UNREADABLE}`), InputError);
    assert.throws(() => read(`spec:\n  "encrypted\\x44ata": {}\n${UNREADABLE}`), InputError);
  });

  test("as are templates of other tools; one that is named must be read", () => {
    const template = 'kind: Deployment\nuses: {{ .useSealedSecrets }}\nat: "\\U00FFFFFF"\n';
    assert.equal(read(template), null);
    assert.throws(() => read(template, true), InputError);
    assert.equal(read(`kind: {{ .kind }}\n${UNREADABLE}`), null);
  });
});

test("a content may hold a SealedSecret where its words stand, escaped or in UTF-16", () => {
  assert.equal(mayHoldSealedSecret(bytes("kind: SealedSecret")), true);
  assert.equal(mayHoldSealedSecret(bytes('kind: "Sealed\\u0053ecret"')), true);
  assert.equal(mayHoldSealedSecret(Buffer.from("kind: SealedSecret", "utf16le")), true);
  assert.equal(mayHoldSealedSecret(bytes('kind: "Secret\\u0053"')), false);
});
