import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { readCertificate } from "../../shared/seal/certificate.node.ts";
import { type MemoryWorld, runInMemory } from "../support/memory-io.ts";
import { ecdsaCertificatePem, testCertificate } from "../support/test-certificates.ts";

const { certificatePem, privateKeyPem } = testCertificate();
const SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: team-a}\nstringData: {a: b}\n";

function seal(args: readonly string[], world: MemoryWorld = {}) {
  return runInMemory(args, { stdin: SECRET, ...world });
}

suite("certificates", () => {
  async function refusal(cert: string, world: MemoryWorld = {}): Promise<string> {
    const { code, stdout, stderr } = await seal(["--cert", cert], world);
    assert.equal(stdout, "");
    assert.equal(code, 1, stderr);
    return stderr;
  }
  const answer = (body: string, init: ResponseInit) => () => Promise.resolve(new Response(body, init));

  test("expired ones are refused with the day, as kubeseal says it", async () => {
    const { certificatePem: expired } = testCertificate(-400, -30);
    const now = new Date("2031-02-03T04:05:06Z");
    assert.match(
      await refusal("old.pem", { files: { "old.pem": expired } }),
      /^error: failed to encrypt using an expired certificate on [A-Z][a-z]+ \d{1,2}, \d{4} \(from old\.pem\)\nhint: fetch the certificate/,
    );
    const { certificatePem: short } = testCertificate(-1, 100);
    assert.match(
      await refusal("x.pem", { files: { "x.pem": short }, now }),
      /^error: failed to encrypt using an expired/,
    );
  });

  test("keys of other kinds, and what is no certificate, are refused by source", async () => {
    assert.match(
      await refusal("ec.pem", { files: { "ec.pem": ecdsaCertificatePem } }),
      /^error: the certificate from ec\.pem cannot seal: expected RSA public key but found one of type ec\n/,
    );
    assert.match(
      await refusal("x.pem", { files: { "x.pem": privateKeyPem } }),
      /^error: the certificate from x\.pem does not contain any valid RSA certificate\n/,
    );
    assert.match(
      await refusal("none.pem"),
      /^error: cannot read the certificate file none\.pem: no such file or directory\n/,
    );
  });

  test("may be saved as UTF-16, and binary ones are refused", async () => {
    const utf16 = Buffer.from(`\ufeff${certificatePem}`, "utf16le");
    assert.equal((await seal(["--cert", "w.pem"], { files: { "w.pem": utf16 } })).code, 0);
    assert.match(
      await refusal("x.der", { files: { "x.der": new Uint8Array([0x30, 0x82, 0xff]) } }),
      /^error: the certificate from x\.der is not a PEM file\n/,
    );
  });

  test("come from http, https and file URLs", async () => {
    const asked: string[] = [];
    const fetch = (url: string) => {
      asked.push(url);
      return Promise.resolve(new Response(certificatePem));
    };
    for (const url of ["http://a.example/c", "HTTPS://a.example/c"]) {
      assert.equal((await seal(["--cert", url], { fetch })).code, 0);
    }
    assert.deepEqual(asked, ["http://a.example/c", "HTTPS://a.example/c"]);
    for (const url of ["file:///x%20y/cert.pem", "file://localhost/x%20y/cert.pem"]) {
      assert.equal((await seal(["--cert", url], { files: { "/x y/cert.pem": certificatePem } })).code, 0);
    }
    assert.match(
      (await seal(["--cert", "file://host/x"])).stderr,
      /^error: --cert: this file URL has no path/,
    );
    assert.match(
      (await seal(["--cert", "ftp://host/x"])).stderr,
      /^error: --cert: URLs of type ftp are not supported\n/,
    );
  });

  test("come with the credentials of their address, which are sent as such and shown to nobody", async () => {
    const asked: unknown[] = [];
    const fetch: MemoryWorld["fetch"] = (url, { headers }) => {
      asked.push([url, headers]);
      return Promise.resolve(new Response(certificatePem));
    };
    const url = "https://me:hunter2%20%zz@a.example/c?token=hunter3#x";
    const { code, stderr } = await seal(["--cert", url, "--verbose"], { fetch });
    assert.equal(code, 0, stderr);
    const authorization = `Basic ${Buffer.from("me:hunter2%20%zz").toString("base64")}`;
    assert.deepEqual(asked, [["https://a.example/c?token=hunter3#x", { authorization }]]);
    await seal(["--cert", "https://me:a%40b@a.example/c"], { fetch });
    assert.deepEqual(asked[1], [
      "https://a.example/c",
      { authorization: `Basic ${Buffer.from("me:a@b").toString("base64")}` },
    ]);
    await seal(["--cert", "https://a.example/c"], { fetch });
    assert.deepEqual(asked[2], ["https://a.example/c", {}]);
    const failed = await refusal(url, { fetch: answer("no", { status: 403, statusText: "Forbidden" }) });
    assert.match(failed, /^error: cannot fetch "https:\/\/a\.example\/c\?…": 403 Forbidden\n/);
    assert.ok(!/hunter|token/.test(stderr + failed));
  });

  test("must be the one that --accept-certificate names, wherever they come from", async () => {
    const files = { "c.pem": certificatePem, "v.txt": "x", "s.yaml": SECRET };
    const { fingerprint } = readCertificate(certificatePem);
    const target = "out.yaml";
    const sealed = (await seal(["--cert", "c.pem"], { files })).stdout;
    const lines = [
      [],
      ["s.yaml"],
      ["--raw", "-n", "n", "--name", "a"],
      ["--fetch-cert"],
      ["--merge-into", target],
    ];
    for (const line of lines) {
      const world = { files: { ...files, [target]: sealed } };
      const args = [...line, "--cert", "c.pem", "--accept-certificate"];
      assert.equal((await seal([...args, fingerprint], world)).code, 0, line[0]);
      const { code, stdout, stderr, files: left } = await seal([...args, "SHA256:other"], world);
      assert.deepEqual({ code, stdout }, { code: 1, stdout: "" }, line[0]);
      assert.ok(
        stderr.startsWith(`error: the certificate from c.pem is ${fingerprint}, not the accepted one, `),
      );
      assert.equal(left.get(target), sealed);
    }
  });

  test("of a web server that refuses or does not answer are reported, without its credentials", async () => {
    const url = "https://user:hunter2@a.example/c";
    const cases: [MemoryWorld["fetch"], string][] = [
      [answer("no", { status: 404, statusText: "Not Found" }), "404 Not Found"],
      [
        () =>
          Promise.reject(
            Object.assign(new TypeError("x"), {
              cause: Object.assign(new Error("x"), { code: "ECONNREFUSED" }),
            }),
          ),
        "connection refused",
      ],
      [() => Promise.reject(new DOMException("x", "TimeoutError")), "no answer within 30 seconds"],
    ];
    for (const [fetch, why] of cases) {
      const stderr = await refusal(url, fetch === undefined ? {} : { fetch });
      assert.ok(stderr.startsWith(`error: cannot fetch "https://a.example/c": ${why}\nhint: `), stderr);
      assert.ok(!stderr.includes("hunter2"));
    }
    assert.match(
      await refusal("http://a/c", { fetch: answer("x".repeat(2_000_000), {}) }),
      /^error: what --cert names is too long to be a certificate\n/,
    );
  });

  test("are copied as they are by --fetch-cert", async () => {
    const text = `issuer: me\r\n${certificatePem}trailing\n`;
    const files = { "any.pem": text };
    assert.equal((await runInMemory(["--fetch-cert", "--cert", "any.pem"], { files })).stdout, text);
    const written = await runInMemory(["--fetch-cert", "--cert", "any.pem", "-w", "out.pem"], { files });
    assert.equal(written.stdout, "");
    assert.equal(written.files.get("out.pem"), text);
  });

  test("are told by their fingerprint by --fetch-cert, from a file or an address, where notes are shown", async () => {
    const { fingerprint } = readCertificate(certificatePem);
    const world = { files: { "any.pem": certificatePem }, fetch: answer(certificatePem, {}) };
    for (const cert of ["any.pem", "http://a/c"]) {
      const shown = await runInMemory(["--fetch-cert", "--cert", cert, "--verbose"], world);
      assert.deepEqual(
        [shown.code, shown.stdout, shown.stderr],
        [0, certificatePem, `certificate ${fingerprint} from ${cert}\n`],
      );
      assert.equal((await runInMemory(["--fetch-cert", "--cert", cert], world)).stderr, "");
    }
  });

  test("what is none is not passed on as one by --fetch-cert", async () => {
    const files = { "any.pem": "<html>\u001b]0;x\u0007log in</html>", "out.pem": "as it was" };
    const {
      code,
      stdout,
      stderr,
      files: after,
    } = await runInMemory(["--fetch-cert", "--cert", "any.pem", "-w", "out.pem"], { files });
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(
      stderr,
      /^error: the certificate from any\.pem does not contain any valid RSA certificate\nhint: /,
    );
    assert.equal(after.get("out.pem"), "as it was");
  });

  test("a name that ends in a slash is no file to write", async () => {
    const files = { "any.pem": certificatePem };
    const { code, stderr } = await runInMemory(["--fetch-cert", "--cert", "any.pem", "-w", "new/"], {
      files,
    });
    assert.equal(code, 1);
    assert.match(stderr, /^error: cannot write new\/: it names a folder\nhint: /);
  });
});
