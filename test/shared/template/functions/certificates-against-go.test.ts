import assert from "node:assert/strict";
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { test } from "node:test";
import { readSequence } from "../../../../shared/template/functions/x509/der.ts";
import { type GoResult, renderWithGo } from "../../../support/go-template.ts";
import { readTestKey } from "../../../support/vectors.ts";
import { renderFreely } from "./with-everything-allowed.ts";

const keys = {
  rsa: readTestKey("2048").privatePem,
  ecdsa: generateKeyPairSync("ec", { namedCurve: "P-384" })
    .privateKey.export({ type: "sec1", format: "pem" })
    .toString(),
  ed25519: generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
};
type Items = Record<string, string>;

async function byGo(template: string, items: Items): Promise<string> {
  const data = new Map(Object.entries(items).map(([item, text]) => [item, Buffer.from(text)]));
  const set = { name: "k", templates: new Map([["k", Buffer.from(template)]]), data };
  const [results] = await renderWithGo([set]);
  const result: GoResult | undefined = results?.get("k");
  assert.ok(result !== undefined && "output" in result, JSON.stringify(result));
  return result.output.toString();
}

const bySignet = (template: string, items: Items): Promise<string> =>
  renderFreely(template, { items, now: Date.now() });

/** The parts of a certificate that do not depend on when it was made, nor on its random serial number. */
function lastingParts(pem: string): string[] {
  const [content] = readSequence(new X509Certificate(pem).raw) ?? [];
  const fields = readSequence(content?.whole ?? new Uint8Array()) ?? [];
  assert.equal(fields.length, 8);
  return [0, 2, 3, 5, 6, 7].map((at) => Buffer.from(fields[at]?.whole ?? []).toString("hex"));
}

const templates: Record<string, string> = {
  authority: '{{ (genCAWithKey "My CA" 10 .key).Cert }}',
  "self-signed":
    '{{ (genSelfSignedCertWithKey "a.b" (list "10.0.0.1" "::1") (list "a.b" "*.c") 10 .key).Cert }}',
  "self-signed without a name": '{{ (genSelfSignedCertWithKey "" nil (list "a.b") 10 .key).Cert }}',
  "self-signed for long, beyond ASCII": '{{ (genSelfSignedCertWithKey "Zoë*" nil nil 36500 .key).Cert }}',
  signed: '{{ (genSignedCertWithKey "a.b" nil (list "a.b") 10 (genCAWithKey "ca" 5 .key) .key).Cert }}',
  "signed, of the authority's name":
    '{{ (genSignedCertWithKey "ca" nil nil 10 (genCAWithKey "ca" 5 .key) .key).Cert }}',
};

for (const [kind, key] of Object.entries(keys)) {
  for (const [name, template] of Object.entries(templates)) {
    test(`${name}, ${kind}: laid out as Go does, byte for byte`, async () => {
      const ours = await bySignet(template, { key });
      assert.deepEqual(lastingParts(ours), lastingParts(await byGo(template, { key })));
    });
  }

  test(`Go reads our authority and signs with it, and we with Go's: ${kind}`, async () => {
    const sign =
      '{{ $ca := buildCustomCert (b64enc .cert) (b64enc .key) }}{{ (genSignedCert "x" nil nil 1 $ca).Cert }}';
    const make = '{{ (genCAWithKey "ca" 5 .key).Cert }}';
    for (const [maker, signer] of [
      [bySignet, byGo],
      [byGo, bySignet],
    ] as const) {
      const cert = await maker(make, { key });
      const leaf = new X509Certificate(await signer(sign, { key, cert }));
      assert.ok(leaf.checkIssued(new X509Certificate(cert)));
      assert.ok(leaf.verify(new X509Certificate(cert).publicKey));
    }
  });
}
