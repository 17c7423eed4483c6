import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type KubeConfigOptions, loadKubeConfig } from "../../../shared/kube/config.ts";
import { KubeConfigError } from "../../../shared/kube/config-error.ts";

const CANARY = "tok-canary-7f3a9";
let folder = "";

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "signet-config-"));
});
after(() => rm(folder, { recursive: true, force: true }));

let files = 0;
async function file(text: string): Promise<string> {
  const path = join(folder, `config-${files++}`);
  await writeFile(path, text);
  return path;
}

/** Nothing of the machine's own configuration is seen. */
function load(options: KubeConfigOptions) {
  return loadKubeConfig({ env: { HOME: join(folder, "nobody") }, ...options });
}

async function refusal(options: KubeConfigOptions): Promise<KubeConfigError> {
  const error = await load(options).then(
    () => assert.fail("the configuration was accepted"),
    (error: unknown) => error,
  );
  assert.ok(error instanceof KubeConfigError, String(error));
  assert.ok(!`${error.message} ${error.hint} ${error.stack} ${error.cause}`.includes(CANARY));
  return error;
}

const TWO_CLUSTERS = `
apiVersion: v1
kind: Config
current-context: one
clusters:
- {name: c1, cluster: {server: "https://one:6443/", certificate-authority: ca.pem, tls-server-name: inner}}
- {name: c2, cluster: {server: "https://two:6443", proxy-url: "http://proxy:3128"}}
users:
- {name: u1, user: {token: ${CANARY}}}
- {name: u2, user: {client-certificate: certs/a.pem, client-key: /abs/a.key, as: eve, as-groups: [g1, g2], as-uid: "7"}}
- {name: u3, user: {exec: {command: ./bin/plugin, apiVersion: client.authentication.k8s.io/v1}}}
contexts:
- {name: one, context: {cluster: c1, user: u1, namespace: team-a}}
- {name: two, context: {cluster: c2, user: u2}}
- {name: broken, context: {cluster: nowhere, user: u1}}
`;

describe("kubeconfig", () => {
  test("the current context decides cluster, user and namespace; paths start at the file's folder", async () => {
    const kubeconfig = await file(TWO_CLUSTERS);
    assert.deepEqual(await load({ kubeconfig }), {
      source: `the kubeconfig ${kubeconfig}`,
      context: "one",
      namespace: "team-a",
      cluster: {
        server: "https://one:6443",
        certificateAuthority: join(folder, "ca.pem"),
        tlsServerName: "inner",
      },
      user: { token: CANARY },
    });
  });

  test("--context, --cluster and --user choose other entries", async () => {
    const kubeconfig = await file(TWO_CLUSTERS);
    const two = await load({ kubeconfig, context: "two" });
    assert.deepEqual(
      [two.context, two.namespace, two.cluster],
      ["two", null, { server: "https://two:6443", proxyUrl: "http://proxy:3128" }],
    );
    assert.deepEqual(two.user, {
      clientCertificate: join(folder, "certs/a.pem"),
      clientKey: "/abs/a.key",
      as: "eve",
      asGroups: ["g1", "g2"],
      asUid: "7",
    });
    const mixed = await load({ kubeconfig, context: "broken", cluster: "c2", user: "u3" });
    assert.equal(mixed.cluster.server, "https://two:6443");
    assert.equal(mixed.user.exec?.["command"], join(folder, "bin/plugin"));
  });

  test("KUBECONFIG merges its files, the first that names an entry wins, missing files are skipped", async () => {
    const first = await file(
      "clusters: [{name: c1, cluster: {server: 'https://first'}}]\nusers: [{name: u1, user: {}}]",
    );
    const second = await file(TWO_CLUSTERS);
    const KUBECONFIG = [join(folder, "absent"), first, "", second].join(":");
    const merged = await load({ env: { KUBECONFIG } });
    assert.equal(merged.cluster.server, "https://first");
    assert.deepEqual(merged.user, {});
    assert.equal(merged.namespace, "team-a");
    assert.equal(merged.source, `the kubeconfig ${first}, ${second}`);
  });

  test("--kubeconfig beats KUBECONFIG, which beats ~/.kube/config", async () => {
    const home = join(folder, "home");
    await mkdir(join(home, ".kube"), { recursive: true });
    await writeFile(join(home, ".kube/config"), TWO_CLUSTERS.replace("https://one", "https://home"));
    const other = await file(TWO_CLUSTERS.replace("https://one", "https://env"));
    const given = await file(TWO_CLUSTERS);
    const server = async (options: KubeConfigOptions) => (await loadKubeConfig(options)).cluster.server;
    assert.equal(await server({ env: { HOME: home } }), "https://home:6443");
    assert.equal(await server({ env: { HOME: home, KUBECONFIG: other } }), "https://env:6443");
    assert.equal(
      await server({ env: { HOME: home, KUBECONFIG: other }, kubeconfig: given }),
      "https://one:6443",
    );
  });

  test("flags replace what the file says", async () => {
    const kubeconfig = await file(TWO_CLUSTERS);
    const changed = await load({
      kubeconfig,
      context: "two",
      namespace: "ns",
      server: "https://other",
      tlsServerName: "sni",
      proxyUrl: "socks5://p:1",
      username: "joe",
      password: "pw",
      as: "root",
      asUid: "0",
      asGroups: ["g"],
      clientCertificate: "/c.pem",
      clientKey: "/c.key",
      insecureSkipTlsVerify: true,
    });
    assert.equal(changed.namespace, "ns");
    assert.deepEqual(changed.cluster, {
      server: "https://other",
      proxyUrl: "socks5://p:1",
      tlsServerName: "sni",
      insecureSkipTlsVerify: true,
    });
    assert.deepEqual(changed.user, {
      clientCertificate: "/c.pem",
      clientKey: "/c.key",
      as: "root",
      asGroups: ["g"],
      asUid: "0",
      username: "joe",
      password: "pw",
    });
  });

  test("a token given by hand replaces plugin and token of the file; a CA turns verification on again", async () => {
    const kubeconfig = await file(
      TWO_CLUSTERS.replace("tls-server-name: inner", "insecure-skip-tls-verify: true"),
    );
    const withToken = await load({ kubeconfig, user: "u3", token: "mine" });
    assert.deepEqual(withToken.user, { token: "mine" });
    const withCa = await load({ kubeconfig, certificateAuthority: "/ca2.pem" });
    assert.equal(withCa.cluster.certificateAuthority, "/ca2.pem");
    assert.equal(withCa.cluster.insecureSkipTlsVerify, false);
    const insecure = await load({ kubeconfig, insecureSkipTlsVerify: true });
    assert.equal(insecure.cluster.certificateAuthority, undefined);
  });
});

describe("no or bad configuration", () => {
  test("none at all", async () => {
    const error = await refusal({});
    assert.match(error.message, /no configuration has been provided/);
    assert.match(error.hint, /--kubeconfig/);
    assert.match((await refusal({ env: { KUBECONFIG: "/absent" } })).message, /no configuration/);
    assert.match((await refusal({ kubeconfig: await file("  \n") })).message, /no configuration/);
  });

  test("a server given by hand is enough", async () => {
    const found = await load({ server: "http://127.0.0.1:8001", token: "t" });
    assert.deepEqual([found.cluster, found.user], [{ server: "http://127.0.0.1:8001" }, { token: "t" }]);
  });

  const cases: [name: string, text: string, options: KubeConfigOptions, message: RegExp][] = [
    ["invalid YAML", `users:\n- token: ${CANARY}\n bad: [${CANARY}`, {}, /FILE is not valid YAML \(line 3, /],
    ["a list for a document", `[${CANARY}]`, {}, /FILE is not valid: the document must be a mapping/],
    ["clusters that are no list", `clusters: {a: ${CANARY}}`, {}, /clusters must be a list/],
    [
      "a token that is no string",
      "users: [{name: u, user: {token: 12}}]",
      {},
      /users\[0\]\.user\.token must be a string/,
    ],
    ["a cluster without name", "clusters: [{cluster: {server: x}}]", {}, /clusters\[0\]\.name is missing/],
    [
      "verification neither on nor off",
      "clusters: [{name: c, cluster: {insecure-skip-tls-verify: 'yes'}}]",
      {},
      /insecure-skip-tls-verify must be true or false/,
    ],
    [
      "groups that are no strings",
      "users: [{name: u, user: {as-groups: [1]}}]",
      {},
      /as-groups must be a list of strings/,
    ],
    ["no current context", TWO_CLUSTERS.replace("current-context: one", ""), {}, /names no current context/],
    ["a context that is not there", TWO_CLUSTERS, { context: "x" }, /has no context "x"/],
    ["a cluster that is not there", TWO_CLUSTERS, { context: "broken" }, /has no cluster "nowhere"/],
    ["a user that is not there", TWO_CLUSTERS, { user: "x" }, /has no user "x"/],
    [
      "a cluster without server",
      "current-context: a\nclusters: [{name: c, cluster: {}}]\ncontexts: [{name: a, context: {cluster: c}}]",
      {},
      /no server is given for the cluster in the kubeconfig FILE/,
    ],
    [
      "a server that is no URL",
      TWO_CLUSTERS.replace("https://one:6443/", "one"),
      {},
      /server address .* is not an http or https URL/,
    ],
    [
      "a server with a password",
      TWO_CLUSTERS.replace("https://one", `https://joe:${CANARY}@one`),
      {},
      /without user name and password/,
    ],
    [
      "token and user name",
      TWO_CLUSTERS,
      { token: CANARY, username: "joe" },
      /--token and --username contradict/,
    ],
    [
      "CA and no verification",
      TWO_CLUSTERS,
      { insecureSkipTlsVerify: true, certificateAuthority: "x" },
      /--certificate-authority contradict/,
    ],
  ];
  for (const [name, text, options, message] of cases)
    test(name, async () => {
      const kubeconfig = await file(text);
      const error = await refusal({ kubeconfig, ...options });
      assert.match(error.message.replaceAll(kubeconfig, "FILE"), message);
      assert.notEqual(error.hint, "");
    });

  test("a file that is not there, or is a folder", async () => {
    assert.match(
      (await refusal({ kubeconfig: "/absent/config" })).message,
      /\/absent\/config does not exist/,
    );
    assert.match((await refusal({ kubeconfig: folder })).message, /cannot read the kubeconfig .*\(EISDIR\)/);
  });
});

describe("in a pod", () => {
  const address = { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "443" };

  async function mounted(): Promise<string> {
    const serviceAccountFolder = await mkdtemp(join(folder, "sa-"));
    await writeFile(join(serviceAccountFolder, "token"), "t");
    await writeFile(join(serviceAccountFolder, "ca.crt"), "x");
    await writeFile(join(serviceAccountFolder, "namespace"), "kube-system\n");
    await chmod(serviceAccountFolder, 0o755);
    return serviceAccountFolder;
  }

  test("server of the environment; CA, token and namespace of the mounted folder", async () => {
    const serviceAccountFolder = await mounted();
    const env = { ...address, HOME: folder };
    assert.deepEqual(await loadKubeConfig({ env, serviceAccountFolder }), {
      source: "the pod's service account",
      context: null,
      namespace: "kube-system",
      cluster: { server: "https://10.0.0.1:443", certificateAuthority: join(serviceAccountFolder, "ca.crt") },
      user: { tokenFile: join(serviceAccountFolder, "token") },
    });
    const v6 = { ...env, KUBERNETES_SERVICE_HOST: "fd00::1", POD_NAMESPACE: "mine" };
    const found = await loadKubeConfig({ env: v6, serviceAccountFolder });
    assert.deepEqual([found.cluster.server, found.namespace], ["https://[fd00::1]:443", "mine"]);
  });

  test("a kubeconfig goes before it, and without the mounted token there is none", async () => {
    const serviceAccountFolder = await mounted();
    const KUBECONFIG = await file(TWO_CLUSTERS);
    const found = await loadKubeConfig({ env: { ...address, KUBECONFIG }, serviceAccountFolder });
    assert.equal(found.context, "one");
    await rm(join(serviceAccountFolder, "token"));
    const error = await refusal({ env: { ...address, HOME: folder }, serviceAccountFolder });
    assert.match(error.message, /no configuration/);
  });
});
