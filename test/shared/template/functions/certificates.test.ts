import assert from "node:assert/strict";
import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { suite, test } from "node:test";
import { readTestKey } from "../../../support/vectors.ts";
import { NOW, renderFreely } from "./with-everything-allowed.ts";

const { privatePem: rsaPem, certificatePem } = readTestKey("2048");
const pem = (type: "pkcs8" | "sec1", namedCurve: string): string =>
  generateKeyPairSync("ec", { namedCurve }).privateKey.export({ type, format: "pem" }).toString();
const ed25519Pem = generateKeyPairSync("ed25519")
  .privateKey.export({ type: "pkcs8", format: "pem" })
  .toString();
const keys = {
  "RSA, PKCS#8": createPrivateKey(rsaPem).export({ type: "pkcs8", format: "pem" }).toString(),
  "RSA, PKCS#1": createPrivateKey(rsaPem).export({ type: "pkcs1", format: "pem" }).toString(),
  "P-256, SEC 1": pem("sec1", "P-256"),
  "P-256, PKCS#8": pem("pkcs8", "P-256"),
  "P-384, SEC 1": pem("sec1", "P-384"),
  "P-521, PKCS#8": pem("pkcs8", "P-521"),
  Ed25519: ed25519Pem,
};
type Pair = { cert: X509Certificate; certText: string; key: string };

/** Has a template make certificates and takes them from its output. */
async function made(template: string, items: Record<string, string> = {}): Promise<Pair[]> {
  const output = await renderFreely(`{{ range list ${template} }}{{ .Cert }}{{ .Key }}{{ end }}`, { items });
  const blocks = output.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----\n/g) ?? assert.fail(output);
  const pairs: Pair[] = [];
  for (let at = 0; at < blocks.length; at += 2) {
    const [certText = "", key = ""] = blocks.slice(at);
    pairs.push({ cert: new X509Certificate(certText), certText, key });
  }
  return pairs;
}

async function one(template: string, items: Record<string, string> = {}): Promise<Pair> {
  const [pair] = await made(template, items);
  return pair ?? assert.fail("no certificate");
}

const belongs = ({ cert, key }: Pair): boolean => cert.checkPrivateKey(createPrivateKey(key));

suite("private keys", () => {
  for (const [kind, type, details] of [
    ["ecdsa", "ec", { namedCurve: "prime256v1" }],
    ["ed25519", "ed25519", {}],
    ["rsa", "rsa", { modulusLength: 4096, publicExponent: 65_537n }],
    ["dsa", "dsa", { modulusLength: 2048, divisorLength: 256 }],
  ] as const) {
    test(`genPrivateKey "${kind}" makes one that Node reads`, async () => {
      const key = createPrivateKey(await renderFreely(`{{ genPrivateKey "${kind}" }}`));
      assert.equal(key.asymmetricKeyType, type);
      assert.deepEqual({ ...key.asymmetricKeyDetails }, details);
    });
  }

  test("an unknown kind is told as the result, as sprig does", async () => {
    assert.equal(await renderFreely('{{ genPrivateKey "x" }}'), "Unknown type x");
  });
});

suite("authorities and certificates", () => {
  test("genCA makes an authority that signs itself, valid from now", async () => {
    const pair = await one('(genCA "My CA" 10)');
    const { cert } = pair;
    assert.ok(cert.ca && cert.checkIssued(cert) && cert.verify(cert.publicKey) && belongs(pair));
    assert.equal(cert.subject, "CN=My CA");
    assert.equal(cert.publicKey.asymmetricKeyDetails?.modulusLength, 2048);
    assert.equal(cert.validFromDate.getTime(), Math.trunc(NOW / 1000) * 1000);
    assert.equal(cert.validToDate.getTime() - cert.validFromDate.getTime(), 10 * 86_400_000);
    // Server and client authentication.
    assert.deepEqual(cert.keyUsage, ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
    assert.match(pair.key, /^-----BEGIN RSA PRIVATE KEY-----\n/);
  });

  test("genSignedCert makes one that the authority signed, for the names given", async () => {
    const items = { key: keys["P-256, SEC 1"] };
    const template =
      '{{ $ca := genCAWithKey "ca" 10 .key }}{{ $c := genSignedCert "a.b" (list "10.0.0.1" "2001:db8::1" "::ffff:1.2.3.4") (list "a.b" "*.c") 5 $ca }}';
    const text = await renderFreely(`${template}{{ $ca.Cert }}{{ $c.Cert }}`, { items });
    const [ca, leaf] = text.split(/(?<=END CERTIFICATE-----\n)/).map((part) => new X509Certificate(part));
    assert.ok(ca !== undefined && leaf !== undefined);
    assert.ok(leaf.checkIssued(ca) && leaf.verify(ca.publicKey) && !leaf.ca);
    // basicConstraints, critical, with nothing in it
    assert.ok(leaf.raw.includes(Buffer.from("0603551d130101ff04023000", "hex")));
    assert.equal(leaf.issuer, "CN=ca");
    assert.equal(
      leaf.subjectAltName,
      "DNS:a.b, DNS:*.c, IP Address:10.0.0.1, IP Address:2001:DB8:0:0:0:0:0:1, IP Address:1.2.3.4",
    );
  });

  for (const [name, key] of Object.entries(keys)) {
    test(`a key of the kind ${name} signs and is given back`, async () => {
      const pair = await one('(genSelfSignedCertWithKey "x" nil nil 1 .key)', { key });
      assert.ok(pair.cert.verify(pair.cert.publicKey) && belongs(pair));
      assert.ok(createPrivateKey(key).equals(createPrivateKey(pair.key)));
    });
  }

  test("years beyond 2049, and names beyond ASCII, are written as X.509 asks", async () => {
    const { cert } = await one('(genSelfSignedCertWithKey "Zoë & Söhne" nil nil 36500 .key)', {
      key: ed25519Pem,
    });
    assert.equal(cert.subject, "CN=Zoë & Söhne");
    assert.equal(cert.validToDate.getUTCFullYear(), 2124);
  });

  test("without a name, the other names are critical, and the serial numbers differ", async () => {
    const template = '(genSelfSignedCertWithKey "" nil (list "a.b") 1 .key)';
    const [first, second] = await made(`${template} ${template}`, { key: ed25519Pem });
    assert.ok(first !== undefined && second !== undefined);
    assert.equal(first.cert.subject ?? "", "");
    assert.notEqual(first.cert.serialNumber, second.cert.serialNumber);
    // subjectAltName, critical
    assert.ok(first.cert.raw.includes(Buffer.from("0603551d110101ff", "hex")));
  });
});

suite("buildCustomCert", () => {
  const build = "{{ $c := buildCustomCert (b64enc .cert) (b64enc .key) }}{{ $c.Cert }}{{ $c.Key }}";

  test("gives back what it was given, with text around it", async () => {
    const items = { cert: `a comment\n${certificatePem}`, key: rsaPem };
    assert.equal(await renderFreely(build, { items }), items.cert + items.key);
  });

  test("needs no permission: it is the same each time", async () => {
    const { functionsFor } = await import("../../../../shared/template/functions/load.ts");
    assert.equal((await functionsFor([build])).get("buildCustomCert")?.nondeterministic, undefined);
  });

  const whole = certificatePem.replace(/-----[^-]+-----|\n/g, "");
  const cut = Buffer.from(whole, "base64").subarray(0, -1).toString("base64");
  for (const [what, items, why] of [
    ["a certificate that is no PEM", { cert: "x" }, "the certificate is not PEM"],
    [
      "one that is cut off",
      { cert: `-----BEGIN CERTIFICATE-----\n${cut}\n-----END CERTIFICATE-----` },
      "the certificate is malformed",
    ],
    ["a key where the certificate belongs", { cert: rsaPem }, "the certificate is malformed"],
    [
      "a key that lacks its parts",
      { key: "-----BEGIN RSA PRIVATE KEY-----\nMAkCAQACAQACAQA=\n-----END RSA PRIVATE KEY-----" },
      "the private key is not one of ",
    ],
    ["a key that is no PEM", { key: "x" }, "the private key is not PEM"],
    ["a certificate where the key belongs", { key: certificatePem }, "the private key is not one of "],
    [
      "a key that is damaged",
      { key: rsaPem.replace(/\n.{20}/, "\nAAAAAAAAAAAAAAAAAAAA") },
      "the private key is not one of ",
    ],
  ] as const) {
    test(`refuses ${what}`, async () => {
      const result = await renderFreely(build, { items: { cert: certificatePem, key: rsaPem, ...items } });
      assert.ok(result.startsWith(`ERROR template: k:1:9: error calling buildCustomCert: ${why}`), result);
    });
  }
});

suite("what cannot be is refused, in words that quote nothing", () => {
  for (const [call, why] of [
    ['genSelfSignedCert "x" (list "10.0.0.256") nil 1', "an IP address is malformed"],
    ['genSelfSignedCert "x" (list 1) nil 1', "an IP address is not a string"],
    ['genSelfSignedCert "x" nil (list nil) 1', "a DNS name is not a string"],
    ['genSelfSignedCert "x" nil (list "é") 1', "a DNS name is not ASCII"],
    ['genCA "\\xff" 1', "the common name is not UTF-8"],
    ['genCAWithKey "x" 1 "secret"', "the private key is not PEM"],
    [
      'genSignedCertWithKey "x" nil nil 1 (buildCustomCert (b64enc .cert) (b64enc .key)) .key',
      "the authority's key does not belong to its certificate",
    ],
  ] as const) {
    test(call, async () => {
      const items = { key: ed25519Pem, cert: certificatePem };
      const result = await renderFreely(`{{ $_ := ${call} }}`, { items });
      assert.match(result, new RegExp(`^ERROR template: k:1:\\d+: error calling gen\\w+: ${why}$`));
    });
  }

  test("making keys without end ends at the limit on time", async () => {
    const result = await renderFreely('{{ range until 1000 }}{{ $_ := genCA "x" 1 }}{{ end }}', {
      limits: { milliseconds: 300 },
    });
    assert.match(result, /^ERROR .*limit/);
  });
});
