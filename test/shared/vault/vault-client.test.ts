import assert from "node:assert/strict";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { after, before, beforeEach, describe, it } from "node:test";
import { InputError } from "../../../shared/errors.ts";
import { KeyServiceError } from "../../../shared/seal/key-service-error.ts";
import { connectVault, type VaultClient } from "../../../shared/vault/vault-client.ts";
import {
  type FakeVault,
  proxyPage,
  startFakeVault,
  vaultRateLimit,
  vaultRefusal,
} from "../../support/fake-vault.ts";

const token = "hvs.canary-token";
const ok = { status: 200, body: { data: { answer: 42 } } };
const get = { method: "GET", path: ["secret", "data", "shop"], token } as const;

let vault: FakeVault;
let other: FakeVault;
let client: VaultClient;

before(async () => {
  vault = await startFakeVault();
  other = await startFakeVault();
  client = connectVault({ address: vault.address });
});
after(async () => {
  await client.close();
  await vault.close();
  await other.close();
});
beforeEach(() => {
  for (const one of [vault, other]) {
    one.heal();
    one.answer(() => ok);
  }
});

/** The failure, which must be one of ours and quote nothing. */
async function failure(asked: Promise<unknown>): Promise<KeyServiceError> {
  const error = await asked.then(
    () => assert.fail("it did not fail"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof KeyServiceError, String(error));
  assert.doesNotMatch(`${error.message} ${error.hint}`, /canary/);
  return error;
}

describe("what is sent", () => {
  it("is the method, the path below /v1/, the query, the body, the token and Vault's own header", async () => {
    vault.answer(({ method, path, body, token: sent }) => {
      assert.deepEqual(
        { method, path, body, sent },
        {
          method: "POST",
          path: "transit/encrypt/app?version=2",
          body: { a: 1 },
          sent: token,
        },
      );
      return ok;
    });
    const path = ["transit", "encrypt", "app"];
    const answer = await client.request({
      method: "POST",
      path,
      query: { version: "2" },
      body: { a: 1 },
      token,
    });
    assert.deepEqual(answer, { status: 200, body: ok.body, retryAfterMs: null });
    assert.equal(vault.calls.at(-1)?.vaultRequest, true);
    assert.equal(vault.calls.at(-1)?.namespace, null);
  });

  it("has no token where none is given", async () => {
    await client.request({ method: "POST", path: ["auth", "kubernetes", "login"], body: {} });
    assert.equal(vault.calls.at(-1)?.token, null);
  });

  it("names the namespace of an Enterprise Vault", async () => {
    const inTeam = connectVault({ address: vault.address, namespace: "team/one" });
    await inTeam.request(get);
    await inTeam.close();
    assert.equal(vault.calls.at(-1)?.namespace, "team/one");
  });

  it("has each segment encoded, so that no name becomes another path", async () => {
    for (const [segment, encoded] of [
      ["a b", "a%20b"],
      ["ä:@+=&;,", "%C3%A4%3A%40%2B%3D%26%3B%2C"],
      ["k=\"<'>", "k%3D%22%3C'%3E"],
      ["..a", "..a"],
    ] as const) {
      await client.request({ ...get, path: ["secret", "data", segment] });
      assert.equal(vault.calls.at(-1)?.path, `secret/data/${encoded}`);
    }
  });

  it("is nothing for a path that servers and policies do not all read alike", async () => {
    const sent = vault.count();
    for (const segment of [
      "",
      ".",
      "..",
      "a/b",
      "a\\b",
      "%2e%2e",
      "a?b",
      "a#b",
      "a\nb",
      "a\u0000",
      "\ud800",
    ]) {
      const error = await failure(client.request({ ...get, path: ["secret", "data", segment] }));
      assert.equal(error.fault, "misused");
      assert.match(error.message, /part 3 of a path/);
    }
    assert.equal((await failure(client.request({ ...get, path: [] }))).fault, "misused");
    assert.equal(vault.count(), sent);
  });

  it("goes through a proxy where one is given", async () => {
    const targets: string[] = [];
    const proxy = createServer().on("connect", ({ url = "" }, socket) => {
      targets.push(url);
      const [host = "", port = ""] = url.split(":");
      const through = connect(Number(port), host, () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        through.pipe(socket).pipe(through);
      });
      for (const end of [through, socket]) end.on("error", () => end.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const tls = await startFakeVault({ answers: () => ok, tls: true });
    const { port } = proxy.address() as AddressInfo;
    const throughProxy = connectVault({
      address: tls.address,
      ca: tls.ca,
      proxy: `http://127.0.0.1:${port}`,
    });
    assert.equal((await throughProxy.request(get)).status, 200);
    assert.deepEqual(targets, [new URL(tls.address).host]);
    await throughProxy.close();
    await tls.close();
    proxy.closeAllConnections();
    proxy.close();
  });
});

describe("what is answered", () => {
  it("is given as it came, whatever the status", async () => {
    for (const status of [200, 202, 400, 403, 404, 412, 500, 503]) {
      vault.answer(() => ({ status, body: { errors: [] } }));
      assert.deepEqual(await client.request(get), { status, body: { errors: [] }, retryAfterMs: null });
    }
  });

  it("may have no body", async () => {
    vault.inject({ kind: "answer", status: 204, body: "" });
    assert.deepEqual(await client.request(get), { status: 204, body: null, retryAfterMs: null });
  });

  it("tells how long to wait", async () => {
    vault.inject(vaultRateLimit("7"), { times: 1 });
    assert.equal((await client.request(get)).retryAfterMs, 7000);
  });

  it("is refused as a success when it is a page of a proxy, and has no body as an error", async () => {
    vault.inject(proxyPage(200), { times: 1 });
    const error = await failure(client.request(get));
    assert.equal(error.fault, "unavailable");
    assert.match(error.message, /not a JSON object/);
    vault.inject(proxyPage(502), { times: 1 });
    assert.deepEqual(await client.request(get), { status: 502, body: null, retryAfterMs: null });
  });

  it("is refused as another server's when it says 404 in another form than Vault", async () => {
    const others = [
      "404 page not found\n",
      "",
      "<html></html>",
      '{"kind":"Status","code":404}',
      '{"message":"x"}',
      "{}",
    ];
    for (const body of others) {
      vault.inject({ kind: "answer", status: 404, body }, { times: 1 });
      const error = await failure(client.request(get));
      assert.equal(error.fault, "unavailable");
      assert.match(error.message, /answers as Vault does not \(status 404\), and may be another server$/);
      assert.match(error.hint, /check that the address is Vault's own/);
    }
    for (const body of [
      '{"errors":[]}',
      '{"data":{"data":null}}',
      '{"warnings":["x"]}',
      '{"request_id":"1"}',
    ]) {
      vault.inject({ kind: "answer", status: 404, body }, { times: 1 });
      assert.equal((await client.request(get)).status, 404);
    }
  });

  it("is refused when it is JSON of another kind", async () => {
    for (const body of ["[1]", "null", "7"]) {
      vault.inject({ kind: "answer", status: 200, body }, { times: 1 });
      assert.match((await failure(client.request(get))).message, /not a JSON object/);
    }
  });

  it("is refused when it is cut off, and the cause is told", async () => {
    vault.inject({ kind: "cut" });
    const error = await failure(client.request(get));
    assert.equal(error.fault, "unavailable");
    assert.match(error.message, /the connection broke/);
  });

  it("is read up to a bound and no further", async () => {
    vault.inject({ kind: "endless" });
    const error = await failure(client.request({ ...get, maxBytes: 100_000 }));
    assert.match(error.message, /longer than 100000 bytes/);
  });

  it("keeps every digit of its numbers where that is asked for", async () => {
    const text = '{"data":{"big":12345678901234567890,"exact":1.10,"list":[1e2]}}';
    vault.answer(() => ({ status: 200, body: JSON.parse(text, (_, value) => value) }));
    vault.inject({
      kind: "answer",
      status: 200,
      body: text,
      headers: { "content-type": "application/json" },
    });
    const { body } = await client.request({ ...get, exactNumbers: true });
    assert.equal(JSON.stringify(body), text);
  });
});

describe("failures to reach it", () => {
  it("are told as no answer in time", async () => {
    vault.inject({ kind: "silence" });
    const error = await failure(client.request({ ...get, timeoutMs: 50 }));
    assert.equal(error.fault, "unavailable");
    assert.match(error.message, /no answer within 0.05 s/);
  });

  it("end with the caller's own reason when it gives up", async () => {
    vault.inject({ kind: "silence" });
    const reason = new Error("given up");
    const abort = new AbortController();
    const asked = client.request({ ...get, signal: abort.signal });
    setTimeout(() => abort.abort(reason), 20);
    await assert.rejects(asked, reason);
    await assert.rejects(client.request({ ...get, signal: abort.signal }), reason);
  });

  it("are told in our words when nothing listens, and when the certificate is not trusted", async () => {
    const gone = await startFakeVault();
    await gone.close();
    const toGone = connectVault({ address: gone.address });
    assert.match((await failure(toGone.request(get))).message, /connection refused/);
    await toGone.close();
    const tls = await startFakeVault({ tls: true });
    const distrustful = connectVault({ address: tls.address, caOption: "--the-option FILE" });
    const { message, hint } = await failure(distrustful.request(get));
    assert.match(message, /certificate is not trusted/);
    assert.match(hint, /authority that signed Vault's with --the-option FILE$/);
    await distrustful.close();
    await tls.close();
  });

  it("are told with the other scheme where https was meant for http, or http for https", async () => {
    const told = async (address: string) => {
      const mistaken = connectVault({ address });
      const { message, hint, fault } = await failure(mistaken.request(get));
      assert.equal(fault, "unavailable");
      await mistaken.close();
      return `${message}\n${hint}`;
    };
    const { port, host } = new URL(vault.address);
    assert.match(
      await told(`https://${host}`),
      new RegExp(`it does not speak TLS \\(.*\\)\nwrite http://${host} if it has no TLS$`),
    );
    const tls = await startFakeVault({ tls: true });
    const plain = tls.address.replace("https:", "http:");
    assert.match(
      await told(plain),
      new RegExp(`the connection broke\n.*write ${tls.address} if it speaks TLS$`),
    );
    await tls.close();
    for (const page of [
      "Client sent an HTTP request to an HTTPS server.\n",
      "<html><title>400 The plain HTTP request was sent to HTTPS port</title></html>",
    ]) {
      vault.inject({ kind: "answer", status: 400, body: page }, { times: 1 });
      const words = /speaks TLS, and was asked without\nwrite https:\/\/127\.0\.0\.1:/;
      const text = await told(vault.address);
      assert.match(text, words);
      assert.ok(text.endsWith(`:${port}`));
    }
    vault.inject({ kind: "answer", status: 400, body: "no HTTPS" }, { times: 1 });
    assert.equal((await client.request(get)).status, 400);
  });

  it("of a kept connection that died are made good by one more try", async () => {
    vault.inject({ kind: "drop" }, { times: 1 });
    const sent = vault.count();
    assert.equal((await client.request(get)).status, 200);
    assert.equal(vault.count(), sent + 2);
  });

  it("are not made good where a second time would do harm, nor more than once", async () => {
    vault.inject({ kind: "drop" });
    const sent = vault.count();
    await failure(client.request({ ...get, repeatable: false }));
    assert.equal(vault.count(), sent + 1);
    await failure(client.request(get));
    assert.equal(vault.count(), sent + 3);
  });

  it("end what is under way when the client is closed", async () => {
    vault.inject({ kind: "silence" });
    const closing = connectVault({ address: vault.address });
    const asked = failure(closing.request(get));
    await new Promise((resolve) => setTimeout(resolve, 20));
    await closing.close();
    assert.match((await asked).message, /closed/);
    assert.match((await failure(closing.request(get))).message, /closed/);
  });
});

describe("redirects", () => {
  for (const status of [307, 308] as const) {
    it(`with ${status} to an address that is not configured get no request, and so no token`, async () => {
      vault.inject({ kind: "redirect", status, to: other.address });
      const arrived = other.count();
      const error = await failure(client.request(get));
      assert.equal(other.count(), arrived);
      assert.equal(error.fault, "unavailable");
      assert.ok(error.message.includes(`redirects to ${other.address}, which is not configured`));
      assert.ok(error.hint.includes(other.address));
    });

    it(`with ${status} to a configured address are followed, with token and body`, async () => {
      vault.inject({ kind: "redirect", status, to: other.address });
      const both = connectVault({ address: vault.address, redirectAddresses: [other.address] });
      other.answer(({ method, path, body, token: sent }) => {
        assert.deepEqual([method, path, body, sent], ["POST", "transit/encrypt/app", { a: 1 }, token]);
        return ok;
      });
      const path = ["transit", "encrypt", "app"];
      assert.equal((await both.request({ method: "POST", path, body: { a: 1 }, token })).status, 200);
      await both.close();
    });
  }

  it("from https to http get no request", async () => {
    const tls = await startFakeVault({ tls: true });
    tls.inject({ kind: "redirect", status: 307, to: other.address });
    const arrived = other.count();
    const secure = connectVault({ address: tls.address, ca: tls.ca });
    assert.match((await failure(secure.request(get))).message, /which is not configured/);
    assert.equal(other.count(), arrived);
    await secure.close();
    await tls.close();
  });

  it("do not change what is asked for", async () => {
    const headers = { location: `${other.address}/v1/sys/step-down?a=b` };
    vault.inject({ kind: "answer", status: 307, body: {}, headers });
    const both = connectVault({ address: vault.address, redirectAddresses: [other.address] });
    await both.request(get);
    assert.equal(other.calls.at(-1)?.path, "secret/data/shop");
    await both.close();
  });

  it("to the same address are followed twice and no more", async () => {
    const sent = vault.count();
    vault.inject({ kind: "redirect", status: 307, to: vault.address }, { times: 2 });
    assert.equal((await client.request(get)).status, 200);
    vault.inject({ kind: "redirect", status: 307, to: vault.address });
    assert.match((await failure(client.request(get))).message, /again and again/);
    assert.equal(vault.count(), sent + 6);
  });

  it("of another kind, or to nowhere, are not followed", async () => {
    const arrived = other.count();
    const both = connectVault({ address: vault.address, redirectAddresses: [other.address] });
    for (const status of [301, 302] as const) {
      vault.inject({ kind: "redirect", status, to: other.address }, { times: 1 });
      assert.match(
        (await failure(both.request(get))).message,
        new RegExp(`redirects as Vault does not .*${status}`),
      );
    }
    for (const location of ["ftp://canary/", "http://[", `http://${"a".repeat(400)}/`]) {
      vault.inject({ kind: "answer", status: 307, body: {}, headers: { location } }, { times: 1 });
      assert.match((await failure(both.request(get))).message, /redirects as Vault does not/);
    }
    vault.inject(vaultRefusal(307), { times: 1 });
    assert.match((await failure(both.request(get))).message, /redirects as Vault does not/);
    await both.close();
    assert.equal(other.count(), arrived);
  });
});

describe("addresses", () => {
  it("are origins, with or without a slash at the end", async () => {
    const slash = connectVault({ address: `${vault.address}/` });
    assert.equal(slash.address, vault.address);
    assert.equal((await slash.request(get)).status, 200);
    await slash.close();
  });

  for (const address of [
    "",
    "vault:8200",
    "ftp://vault",
    "https://vault/path",
    "https://u:p@vault",
    "https://v/?q",
  ])
    it(`are refused in another form: "${address}"`, () => {
      assert.throws(() => connectVault({ address }), InputError);
      assert.throws(() => connectVault({ address: "https://v", redirectAddresses: [address] }), InputError);
    });

  it("to redirect to are refused without TLS beside one with it", () => {
    const addresses = { address: "https://vault:8200", redirectAddresses: ["http://vault-1:8200"] };
    assert.throws(() => connectVault(addresses), /begins with http/);
  });
});

describe("certificates to trust", () => {
  for (const ca of ["", "canary", "-----BEGIN CERTIFICATE-----\ncanary\n-----END CERTIFICATE-----\n"])
    it(`are refused when they cannot be read: ${JSON.stringify(ca)}`, () => {
      assert.throws(
        () => connectVault({ address: "https://vault", ca }),
        (error) => error instanceof InputError && !/canary/.test(error.message),
      );
    });

  it("are those given and no others", async () => {
    const tls = await startFakeVault({ answers: () => ok, tls: true });
    const trusting = connectVault({ address: tls.address, ca: tls.ca });
    assert.equal((await trusting.request(get)).status, 200);
    await trusting.close();
    await tls.close();
  });
});
