import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { KubeConnection } from "../../../shared/kube/config.ts";
import { LibraryCredentials } from "../../../shared/kube/library-credentials.ts";
import { isPlain, PlainCredentials } from "../../../shared/kube/plain-credentials.ts";

type Parts = { cluster?: Partial<KubeConnection["cluster"]>; user?: KubeConnection["user"] };

const connection = ({ cluster = {}, user = {} }: Parts): KubeConnection => ({
  source: "the kubeconfig x",
  context: null,
  namespace: null,
  cluster: { server: "https://192.0.2.1:6443", ...cluster },
  user,
});

describe("credentials that stand in the configuration", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "signet-plain-"));
    for (const name of ["ca", "cert", "key", "token"])
      await writeFile(join(folder, name), `${name} in a file\n`);
  });
  after(() => rm(folder, { recursive: true, force: true }));
  const data = (text: string): string => Buffer.from(text).toString("base64");

  const cases: [name: string, parts: () => Parts][] = [
    ["nothing at all", () => ({ user: { token: "t" }, cluster: { certificateAuthorityData: data("ca") } })],
    [
      "a pod's service account",
      () => ({
        cluster: { certificateAuthority: join(folder, "ca") },
        user: { tokenFile: join(folder, "token") },
      }),
    ],
    [
      "client certificate in files",
      () => ({
        cluster: { certificateAuthority: join(folder, "ca"), tlsServerName: "kubernetes" },
        user: { clientCertificate: join(folder, "cert"), clientKey: join(folder, "key") },
      }),
    ],
    [
      "client certificate as data, which wins over files",
      () => ({
        cluster: { certificateAuthorityData: data("ca"), certificateAuthority: "/absent/ca" },
        user: {
          clientCertificate: "/absent/cert",
          clientCertificateData: data("cert"),
          clientKey: "/absent/key",
          clientKeyData: data("key"),
        },
      }),
    ],
    [
      "password, impersonation, no verification",
      () => ({
        cluster: { insecureSkipTlsVerify: true },
        user: { username: "joe", password: "pw", as: "eve", asUid: "7", asGroups: ["a", "b"] },
      }),
    ],
    [
      "a token over a password",
      () => ({ cluster: { tlsServerName: "x" }, user: { username: "joe", token: " t\n" } }),
    ],
  ];
  for (const [name, parts] of cases) {
    test(`${name}: as the library would have it`, async () => {
      const one = connection(parts());
      assert.ok(isPlain(one));
      const { headers, transport } = await new PlainCredentials(one).read();
      const expected = await new LibraryCredentials(one).read(false);
      assert.deepEqual(headers, expected.headers);
      assert.deepEqual(transport, expected.transport);
    });
  }

  test("plugins and proxies are left to the library", () => {
    assert.ok(!isPlain(connection({ user: { exec: { command: "x" } } })));
    assert.ok(!isPlain(connection({ user: { authProvider: { name: "oidc" } } })));
    assert.ok(!isPlain(connection({ cluster: { proxyUrl: "http://proxy:3128" } })));
  });

  test("new certificates and a new token in the files are another transport and another header", async () => {
    const ca = join(folder, "renewed-ca");
    const token = join(folder, "renewed-token");
    await writeFile(ca, "first");
    await writeFile(token, "one");
    const source = new PlainCredentials(
      connection({ cluster: { certificateAuthority: ca }, user: { tokenFile: token } }),
    );
    const before = await source.read();
    assert.deepEqual(await source.read(), before);
    await writeFile(ca, "second");
    await writeFile(token, "two");
    const after = await source.read();
    assert.notEqual(after.transport.fingerprint, before.transport.fingerprint);
    assert.equal(after.headers["Authorization"], "Bearer two");
  });
});
