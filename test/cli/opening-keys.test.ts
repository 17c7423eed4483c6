import assert from "node:assert/strict";
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { suite, test } from "node:test";
import { readOpeningKeys } from "../../cli/opening-keys.ts";
import { toYaml } from "../../shared/document/to-yaml.ts";
import { SealError, UsageError } from "../../shared/errors.ts";
import { Canaries, errorEvidence } from "../support/canary.ts";
import { type MemoryWorld, memoryIo } from "../support/memory-io.ts";
import { keySecret, utf16 } from "../support/offline-keys.ts";
import { ecdsaCertificatePem } from "../support/test-certificates.ts";
import { readTestKey } from "../support/vectors.ts";

const main = readTestKey("2048");
const other = readTestKey("other-2048");
const big = readTestKey("4096");

/** Names of test keys that were found, and where. */
async function found(paths: readonly string[], world: MemoryWorld): Promise<[string, string | undefined][]> {
  const { keys, sources } = await readOpeningKeys(paths, memoryIo([], world).io, false);
  const names = new Map(
    ["2048", "3072", "4096", "other-2048"].map((name) => [readTestKey(name).fingerprint, name]),
  );
  return keys.map(({ fingerprint }) => [names.get(fingerprint) ?? fingerprint, sources.get(fingerprint)]);
}

async function refusal(
  paths: readonly string[],
  world: MemoryWorld,
  stdinIsInput = false,
): Promise<SealError> {
  try {
    await readOpeningKeys(paths, memoryIo([], world).io, stdinIsInput);
  } catch (error) {
    assert.ok(error instanceof SealError, String(error));
    return error;
  }
  return assert.fail("it was accepted");
}

function pkcs8(pem: string): string {
  return createPrivateKey(pem).export({ type: "pkcs8", format: "pem" }).toString();
}

function pkcs1(pem: string): string {
  return createPrivateKey(pem).export({ type: "pkcs1", format: "pem" }).toString();
}

const json = JSON.stringify;

suite("keys are found in", () => {
  const cases: readonly [string, string | Uint8Array, [string, string][]][] = [
    ["a PKCS#1 file", pkcs1(main.privatePem), [["2048", "k"]]],
    ["a PKCS#8 file", pkcs8(main.privatePem), [["2048", "k"]]],
    ["a file with Windows line ends", main.privatePem.replaceAll("\n", "\r\n"), [["2048", "k"]]],
    ["a file of UTF-16", utf16(main.privatePem), [["2048", "k"]]],
    [
      "a file with a certificate, text and two keys",
      `a note\n${main.certificatePem}${main.privatePem}\n${big.privatePem}`,
      [
        ["2048", "k"],
        ["4096", "k"],
      ],
    ],
    ["a Secret in JSON", json(keySecret("a", "2048")), [["2048", "k (Secret kube-system/a)"]]],
    [
      "a retired Secret in YAML",
      toYaml(keySecret("a", "2048", "retired")),
      [["2048", "k (Secret kube-system/a)"]],
    ],
    [
      "a List in YAML, as kubectl get secret -o yaml prints it",
      toYaml({ apiVersion: "v1", kind: "List", items: [keySecret("a", "2048"), keySecret("b", "4096")] }),
      [
        ["2048", "k, item 1 (Secret kube-system/a)"],
        ["4096", "k, item 2 (Secret kube-system/b)"],
      ],
    ],
    [
      "a SecretList, which leaves the kind off its items",
      json({ apiVersion: "v1", kind: "SecretList", items: [{ ...keySecret("a", "2048"), kind: undefined }] }),
      [["2048", "k, item 1 (Secret kube-system/a)"]],
    ],
    [
      "a list without a kind, as json.Marshal of one gives",
      json({ metadata: {}, items: [keySecret("a", "2048")] }),
      [["2048", "k, item 1 (Secret kube-system/a)"]],
    ],
    [
      "a bare list of Secrets without types",
      json([{ metadata: { name: "a" }, data: (keySecret("a", "2048") as { data: object }).data }]),
      [["2048", "k, item 1 (Secret a)"]],
    ],
    [
      "a stream of JSON and YAML",
      `${json(keySecret("a", "2048"))}\n---\n${toYaml(keySecret("b", "4096"))}`,
      [
        ["2048", "k, document 1 (Secret kube-system/a)"],
        ["4096", "k, document 2 (Secret kube-system/b)"],
      ],
    ],
    [
      "a Secret written by hand with stringData",
      toYaml({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "a" },
        stringData: { "tls.key": main.privatePem },
      }),
      [["2048", "k (Secret a)"]],
    ],
  ];
  for (const [what, content, expected] of cases) {
    test(what, async () => assert.deepEqual(await found(["k"], { files: { k: content } }), expected));
  }

  test("standard input", async () => {
    assert.deepEqual(await found(["-"], { stdin: main.privatePem }), [["2048", "standard input"]]);
  });

  test("several files; what comes twice counts once, at its first place", async () => {
    const files = { a: main.privatePem, b: json(keySecret("x", "2048")), c: big.privatePem };
    assert.deepEqual(await found(["a", "b", "c"], { files }), [
      ["2048", "a"],
      ["4096", "c"],
    ]);
  });

  test("a folder and those below it; other files and hidden ones are passed over", async () => {
    const files = {
      "keys/main.pem": main.privatePem,
      "keys/old/backup.yaml": toYaml(keySecret("a", "4096", "compromised")),
      "keys/cert.pem": main.certificatePem,
      "keys/README": "no: key: here [",
      "keys/photo.png": new Uint8Array([0x89, 0x50, 0xff, 0xfe, 0]),
      "keys/key.der": new Uint8Array([0x30, 0x82, 1, 2]),
      "keys/.git/key.pem": other.privatePem,
    };
    assert.deepEqual(await found(["keys/"], { files }), [
      ["2048", "keys/main.pem"],
      ["4096", "keys/old/backup.yaml (Secret kube-system/a)"],
    ]);
    const { passedOver } = await readOpeningKeys(["keys"], memoryIo([], { files }).io, false);
    assert.deepEqual(
      ["README", "cert.pem", "key.der", "photo.png"].filter(
        (name) => !passedOver.some((fault) => fault.includes(name)),
      ),
      [],
    );
  });

  test("a List in which others hold none", async () => {
    const items = [{ kind: "Secret", metadata: { name: "tls" }, data: {} }, keySecret("a", "2048")];
    const world = { files: { k: json({ kind: "List", items }) } };
    assert.deepEqual(await found(["k"], world), [["2048", "k, item 2 (Secret kube-system/a)"]]);
    const { passedOver } = await readOpeningKeys(["k"], memoryIo([], world).io, false);
    assert.deepEqual(passedOver, ["k, item 1: Secret tls has no item tls.key"]);
  });
});

const secretWith = (data: object) => json({ kind: "Secret", metadata: { name: "s", namespace: "n" }, data });
const base64 = (text: string) => Buffer.from(text).toString("base64");
const ec = generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey;
const encrypted = createPrivateKey(main.privatePem).export({
  type: "pkcs8",
  format: "pem",
  cipher: "aes-256-cbc",
  passphrase: "p",
});

suite("a named file without a key says what it holds instead (W21)", () => {
  const cases: readonly [string, string | Uint8Array, RegExp, RegExp][] = [
    [
      "a certificate",
      ecdsaCertificatePem,
      /^k holds a certificate, which seals but does not open$/,
      /unencrypted RSA/,
    ],
    ["a public key", createPublicPem(), /^k holds a public key$/, /unencrypted RSA/],
    ["an encrypted key", encrypted, /^k holds an encrypted private key$/, /take the password off/],
    [
      "an encrypted PKCS#1 key",
      "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n",
      /^k holds an encrypted private key$/,
      /take the password off/,
    ],
    [
      "an EC key",
      ec.export({ type: "sec1", format: "pem" }),
      /^k holds an elliptic-curve key/,
      /unencrypted RSA/,
    ],
    [
      "an EC key in PKCS#8",
      ec.export({ type: "pkcs8", format: "pem" }),
      /^k holds a key of type ec, not RSA$/,
      /RSA/,
    ],
    [
      "an OpenSSH key",
      "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----",
      /OpenSSH's own form/,
      /ssh-keygen -p/,
    ],
    [
      "a damaged key",
      main.privatePem.replace(/\n.{64}\n/, "\n"),
      /^k holds a damaged private key$/,
      /unencrypted RSA/,
    ],
    ["half a key", main.privatePem.slice(0, 500), /^k holds a PEM block that is cut off$/, /copy it again/],
    ["a short key", shortKey(), /^k holds an RSA key of only 512 bits$/, /RSA/],
    ["DER", new Uint8Array([0x30, 0x82, 1, 2, 3]), /binary \(DER or PKCS#12\)/, /openssl/],
    ["other bytes", new Uint8Array([0xff, 0, 1, 2]), /^k is not valid UTF-8 text$/, /./],
    ["nothing", "", /^k holds no private key: it is empty$/, /./],
    ["words", "hello", /^k is neither PEM nor a Secret$/, /./],
    ["no YAML", "a: [", /^k, document 1: line 1, column 5: /, /./],
    ["a Secret without tls.key", secretWith({ a: "" }), /^k: Secret n\/s has no item tls.key$/, /tls\.key/],
    [
      "a tls.key that is not base64",
      secretWith({ "tls.key": "%%%" }),
      /\(Secret n\/s\) has a tls.key that is not base64/,
      /./,
    ],
    [
      "a tls.key that is no PEM",
      secretWith({ "tls.key": base64("x") }),
      /has a tls.key that is not in PEM form/,
      /./,
    ],
    [
      "a wrapped tls.key",
      secretWith({ "tls.key": base64("kms-key:1:x") }),
      /has a tls.key that AWS KMS or Vault wraps/,
      /signet keys unwrap/,
    ],
    [
      "a tls.key with a certificate",
      secretWith({ "tls.key": base64(main.certificatePem) }),
      /\(Secret n\/s\) holds a certificate/,
      /./,
    ],
    [
      "a ConfigMap",
      json({ kind: "ConfigMap", data: {} }),
      /^k is a "ConfigMap", and keys lie in Secrets$/,
      /./,
    ],
    [
      "a SealedSecret",
      json({ kind: "SealedSecret" }),
      /^k is a SealedSecret, and keys lie in Secrets$/,
      /as arguments/,
    ],
    [
      "several of them",
      json([{ kind: "ConfigMap" }, { kind: "Secret" }, 3]),
      /^k, item 1 is a "ConfigMap", and keys lie in Secrets; 2 more of its parts give no key either$/,
      /./,
    ],
  ];
  for (const [what, content, message, hint] of cases) {
    test(what, async () => {
      const error = await refusal(["k"], { files: { k: content } });
      assert.match(error.message, message);
      assert.match(error.hint, hint);
    });
  }
});

suite("refused", () => {
  test("a path that is not there, with its name", async () => {
    assert.match(
      (await refusal(["gone"], {})).message,
      /^cannot read the key file gone: no such file or directory$/,
    );
  });

  test("a folder without any key", async () => {
    const files = { "keys/cert.pem": main.certificatePem, "keys/note": "hello" };
    assert.equal(
      (await refusal(["keys"], { files })).message,
      "the folder keys holds no private key (2 files looked at)",
    );
  });

  test("keys and input both from standard input", async () => {
    const error = await refusal(["-"], { stdin: main.privatePem }, true);
    assert.ok(error instanceof UsageError);
    assert.match(error.message, /cannot both come from standard input/);
  });

  test("without a word of what the files hold", async () => {
    const canaries = new Canaries();
    canaries.guardPrivateKey("key", main.privatePem);
    const plain = canaries.text("plain");
    const damaged = main.privatePem.replace(/\n.{64}\n/, "\n");
    const contents = [
      damaged,
      main.privatePem.slice(0, 700),
      secretWith({ "tls.key": base64(damaged), other: plain }),
      secretWith({ other: plain }),
      `kind: Secret\ndata: {a: ${plain}`,
      `"${plain}`,
      json({ kind: plain.slice(0, 4), data: { "tls.key": plain } }),
    ];
    const errors = await Promise.all(contents.map((k) => refusal(["k"], { files: { k } })));
    canaries.assertSilent(errors.map((error, at) => errorEvidence(`error ${at}`, error)));
  });
});

function createPublicPem(): string {
  return generateKeyPairSync("rsa", { modulusLength: 1024 })
    .publicKey.export({ type: "spki", format: "pem" })
    .toString();
}

function shortKey(): string {
  return generateKeyPairSync("rsa", { modulusLength: 512 })
    .privateKey.export({ type: "pkcs1", format: "pem" })
    .toString();
}
