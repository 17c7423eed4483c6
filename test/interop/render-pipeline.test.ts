import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, suite, test } from "node:test";
import { readDocuments } from "../../shared/document/read-documents.ts";
import { toYaml } from "../../shared/document/to-yaml.ts";
import { identitySecret, testIdentity } from "../controller/sops/identity-secrets.ts";
import { Canaries, type Evidence } from "../support/canary.ts";
import { collectionPath } from "../support/control-plane/apply-objects.ts";
import { type ControlPlane, startControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { asKubeObject, isRecord, type KubeObject } from "../support/control-plane/kube-object.ts";
import { keySecret } from "../support/offline-keys.ts";
import { type CommandResult, runProgram } from "../support/run-program.ts";
import {
  objectsIn,
  type Scene,
  type SceneSecret,
  sceneOf,
  sealedPath,
  secretPath,
} from "../support/sealed-secret-scene.ts";
import { runSignet } from "../support/signet-cli.ts";
import {
  readInstallation,
  type SignetController,
  startSignetController,
} from "../support/signet-controller.ts";
import { readTestKey } from "../support/vectors.ts";
import { ensureRealComponents } from "../tools/real-components.ts";
import { type KeyServiceBackend, startKmsBackend, startVaultBackend } from "./key-services/backend.ts";
import { type StockSops, stockSops } from "./sops-sealed-secrets/stock-sops.ts";

requireNetbox();

const key = readTestKey("2048");
const NAMESPACES = ["shop", "attic"];
/** What a controller writes for itself. */
const BOOKKEEPING = [
  "sealedsecrets.bitnami.com/managed",
  "signet.dev/sealed-by",
  "signet.dev/managed-items",
  "kubectl.kubernetes.io/last-applied-configuration",
];

suite("a tree of manifests without a controller", () => {
  const canaries = new Canaries();
  const evidence: Evidence[] = [];
  const values = {
    password: canaries.text("the password"),
    token: `${canaries.text("the token")}\nof two lines`,
  };
  let cluster: ControlPlane;
  let scene: Scene;
  let kms: KeyServiceBackend;
  let vault: KeyServiceBackend;
  let controller: SignetController | null = null;
  let identity: Awaited<ReturnType<typeof testIdentity>>;
  let stock: StockSops;
  let env: Record<string, string>;
  let allowed: string[];
  let sealed: KubeObject[];

  before(async () => {
    // No definition yet: nothing here knows what a SealedSecret is.
    cluster = await startControlPlane();
    scene = sceneOf(cluster);
    await scene.namespaces(...NAMESPACES);
    [kms, vault] = await Promise.all([startKmsBackend(), startVaultBackend(cluster)]);
    identity = await testIdentity();
    stock = await stockSops(cluster.folder, { SOPS_AGE_KEY: identity.text });
    canaries.guard("the age identity", identity.text);
    canaries.guardPrivateKey("the sealing key", key.privatePem);
    for (const [name, secret] of Object.entries(vault.secrets)) canaries.guard(name, secret);
    const [address = ""] = vault.flags.filter((flag) => flag.startsWith("--vault-addr="));
    env = {
      ...kms.env,
      HOME: cluster.folder,
      KUBECONFIG: cluster.adminKubeconfig,
      VAULT_ADDR: address.replace("--vault-addr=", ""),
      VAULT_TOKEN: vault.secrets["the root token"] ?? "",
      SOPS_AGE_KEY: identity.text,
    };
    allowed = ["--kms-allowed-keys", kms.keys.join(), "--vault-allowed-keys", vault.keys.join()];
    await cluster.apply([
      keySecret("sealed-secrets-keyabcde", "2048") as KubeObject,
      identitySecret({ "keys.txt": identity.text }) as KubeObject,
    ]);
    await writeTree();
  });
  after(async () => {
    await controller?.stop();
    await kms?.stop();
    await vault?.stop();
    await cluster?.stop();
  });

  const at = (path: string) => join(cluster.folder, path);

  async function put(path: string, content: string): Promise<void> {
    await mkdir(dirname(at(path)), { recursive: true });
    await writeFile(at(path), content);
  }

  async function signet(
    args: readonly string[],
    more: { stdin?: string; env?: Record<string, string> } = {},
  ) {
    const run = await runSignet(args, { ...more, env: { ...env, ...more.env }, cwd: cluster.folder });
    evidence.push({ where: `standard error of ${args.join(" ")}`, content: run.stderr });
    return run;
  }

  async function succeeds(args: readonly string[], more?: Parameters<typeof signet>[1]): Promise<string> {
    const { code, stdout, stderr } = await signet(args, more);
    assert.deepEqual([code, stderr.replace(/^(?!error|hint).*\n/gm, "")], [0, ""], args.join(" "));
    return stdout;
  }

  function assertRefused({ code, stdout, stderr }: CommandResult, words: RegExp): void {
    assert.deepEqual([code, stdout], [1, ""], stderr);
    assert.match(stderr, words);
  }

  const render = (args: readonly string[], more?: Parameters<typeof signet>[1]) =>
    succeeds(["render", "--strict", "--cluster-keys", "--allow-cluster-wide", ...allowed, ...args], more);

  function plain(name: string, { namespace = "shop", ...fields }: Record<string, unknown> = {}): string {
    const metadata = { name, namespace };
    return JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata, stringData: values, ...fields });
  }

  /** Manifests of every backend and scope, sealed by the command line, beside others. */
  async function writeTree(): Promise<void> {
    const template = { labels: { app: "web" }, annotations: { note: "hi", "example.com/a": "b" } };
    const cert = ["--cert", "cert.pem"];
    const files: readonly (readonly [path: string, flags: readonly string[], secret: string])[] = [
      ["classic.yaml", cert, plain("classic")],
      ["wide.yaml", [...cert, "--scope", "cluster-wide"], plain("wide", { namespace: "attic" })],
      ["ns-wide.yaml", [...cert, "--scope", "namespace-wide"], plain("ns-wide", { type: "example.com/own" })],
      [
        "styled.yaml",
        cert,
        plain("styled", { immutable: true, metadata: { name: "styled", namespace: "shop", ...template } }),
      ],
      [
        "bytes.yaml",
        cert,
        plain("bytes", { stringData: {}, data: { raw: "AP/+gA==", empty: "", 10: "YQ==", 9: "Yg==" } }),
      ],
      ["deep/kms.yaml", ["--kms-key", kms.keys[0]], plain("kms")],
      ["deep/derived.yaml", ["--vault-key", vault.keys[0]], plain("derived")],
      ["deep/plain.yaml", ["--vault-key", vault.keys[1], "--scope", "namespace-wide"], plain("plain")],
      ["sops/age.yaml", ["--backend", "sops", "--age", identity.recipient], plain("age")],
      ["sops/kms.yaml", ["--backend", "sops", "--kms", kms.keys[0]], plain("sops-kms")],
      [
        "attic/age.yaml",
        ["--backend", "sops", "--age", identity.recipient],
        plain("age", { namespace: "attic" }),
      ],
    ];
    await put("cert.pem", key.certificatePem);
    for (const [path, flags, secret] of files)
      await put(`tree/${path}`, await succeeds([...flags, "-o", "yaml"], { stdin: secret }));
    await put(
      "tree/mixed.yaml",
      await succeeds([...cert, "-o", "yaml"], {
        stdin: plain("mixed", { stringData: { a: values.password } }),
      }),
    );
    for (const [item, flags] of Object.entries({
      b: ["--kms-key", kms.keys[0]],
      c: ["--vault-key", vault.keys[0]],
    }))
      await succeeds(["--merge-into", "tree/mixed.yaml", ...flags], {
        stdin: plain("mixed", { stringData: { [item]: values.token } }),
      });
    const [classic] = objectsIn(await readFile(at("tree/classic.yaml"), "utf8"));
    const templated = { ...classic, metadata: { name: "templated", namespace: "shop", annotations: {} } };
    const data = { url: "db://{{ .user }}:{{ .password | b64enc }}", plain: "text", user: null };
    const { stdout } = await signet([...cert, "-o", "json"], {
      stdin: plain("templated", { stringData: { ...values, user: "al" } }),
    });
    const spec = { ...(JSON.parse(stdout) as { spec: object }).spec, template: { data } };
    const web = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "web", namespace: "shop" },
      data: { a: "yes" },
    };
    const list = { apiVersion: "v1", kind: "List", items: [web, { ...templated, spec }] };
    await put("tree/list.json", `${JSON.stringify(list, null, "\t")}\n`);
    await put(
      "tree/manifests.yml",
      `# Kept.\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: notes, namespace: shop} # here, too\ndata:\n  text: |\n    one\n    ---x\n    two\n--- # another\napiVersion: v1\nkind: Secret\nmetadata: {name: open, namespace: attic}\nstringData: {a: b}\n`,
    );
    await put(
      "tree/one.json",
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one","namespace":"shop"},"data":{"a":"\\u00e9\\/"}}',
    );
    const rendered = await Promise.all(
      [...files.map(([path]) => path), "mixed.yaml"].map((path) => readFile(at(`tree/${path}`), "utf8")),
    );
    sealed = [...rendered.flatMap(objectsIn), { ...templated, spec } as KubeObject];
  }

  /** Sends each document of a stream as it stands there, which is how kubectl sends what it is piped. */
  async function pipe(stream: string): Promise<void> {
    const documents = stream.split(/^---(?=[ \n]).*\n/m).filter((text) => /^\s*[^#\s]/m.test(text));
    for (const text of documents) {
      const [object] = objectsIn(text);
      assert.ok(object !== undefined);
      const path = `${await collectionPath(cluster.request, object)}/${object.metadata.name}?fieldManager=pipeline`;
      const answer = await cluster.request("PATCH", path, text, {
        contentType: "application/apply-patch+yaml",
      });
      assert.ok([200, 201].includes(answer.status), `${path}: ${JSON.stringify(answer.body)}`);
    }
  }

  /** The Secrets of the sealed objects as the API server has them, without what says who made them. */
  async function secretsOf(objects: readonly KubeObject[]): Promise<Record<string, unknown>> {
    const secrets: Record<string, unknown> = {};
    for (const { metadata } of objects) {
      const { namespace = "", name } = metadata;
      const secret = await scene.secret(namespace, name);
      assert.ok(secret !== null, `${namespace}/${name}`);
      secrets[`${namespace}/${name}`] = contentOf(secret);
    }
    return secrets;
  }

  let withoutController: Record<string, unknown> = {};

  test("a tree with values of all backends is rendered and applied without a controller", async () => {
    const stream = await render(["tree"]);
    assert.doesNotMatch(stream, /kind"?: "?SealedSecret/);
    assert.match(stream, /^# Kept\.$/m);
    await pipe(stream);
    withoutController = await secretsOf(sealed);
    assert.equal(Object.keys(withoutController).length, 13);
    for (const name of ["notes", "web", "one"]) {
      const { status } = await cluster.request("GET", `/api/v1/namespaces/shop/configmaps/${name}`);
      assert.equal(status, 200);
    }
    const { data } = await scene.untilSecret("shop", "kms");
    const decoded = Object.entries(data ?? {}).map(([item, text]) => [
      item,
      Buffer.from(text, "base64").toString(),
    ]);
    assert.deepEqual(Object.fromEntries(decoded), values);
    // Nobody has to take turns: the same again changes nothing.
    const { metadata: before } = await scene.untilSecret("shop", "classic");
    await pipe(await render(["tree"]));
    assert.equal(
      (await scene.untilSecret("shop", "classic")).metadata.resourceVersion,
      before.resourceVersion,
    );
  });

  /** What the controller makes of sealed objects that nothing is left of yet; nothing is left of them afterwards, either. */
  async function madeOf(objects: readonly KubeObject[]): Promise<Record<string, unknown>> {
    await cluster.apply([...objects]);
    for (const { metadata } of objects)
      await scene.untilSynced(metadata.namespace ?? "", metadata.name, "True");
    const made = await secretsOf(objects);
    for (const { metadata } of objects) {
      await scene.remove(sealedPath(metadata.namespace ?? "", metadata.name));
      await scene.remove(secretPath(metadata.namespace ?? "", metadata.name));
    }
    return made;
  }

  test("a controller makes the same Secrets of the same tree, byte for byte", async () => {
    for (const { metadata } of sealed)
      await scene.remove(secretPath(metadata.namespace ?? "", metadata.name));
    await cluster.apply(await readInstallation());
    controller = await startSignetController({
      controlPlane: cluster,
      flags: [...kms.flags, ...vault.flags],
      env: { ...kms.env, ...vault.env },
      install: false,
    });
    assert.deepEqual(await madeOf(sealed), withoutController);
  });

  for (const [backend, flags] of [
    ["cluster", () => ["--backend", "cluster", "--cert", "cert.pem"]],
    ["kms", () => ["--kms-key", kms.keys[0]]],
    ["vault", () => ["--vault-key", vault.keys[0]]],
    ["sops", () => ["--backend", "sops", "--age", identity.recipient]],
  ] as const) {
    test(`and the same of the tree once it is converted: ${backend}`, async () => {
      const opening = ["--cluster-keys", "--allow-cluster-wide", ...allowed];
      const folder = `converted-${backend}`;
      if (backend === "sops") {
        // It has no form for an item without content.
        const refused = await signet(["convert", ...flags(), ...opening, "tree/bytes.yaml"]);
        assertRefused(refused, /an item is empty/);
        await rename(at("tree/bytes.yaml"), at("bytes.yaml"));
      }
      await succeeds(["convert", ...flags(), ...opening, "--output-dir", folder, "tree"]);
      const stream = await render(["--allow-namespace", NAMESPACES.join(), folder]);
      assert.doesNotMatch(stream, /kind"?: "?SealedSecret/);
      const objects: KubeObject[] = [];
      for (const { metadata } of sealed.filter(
        ({ metadata: { name } }) => backend !== "sops" || name !== "bytes",
      )) {
        const found = (await convertedObjects(folder)).find(
          (object) =>
            object.metadata.name === metadata.name && object.metadata.namespace === metadata.namespace,
        );
        assert.ok(found !== undefined, metadata.name);
        objects.push(found);
      }
      const wanted = Object.entries(withoutController).filter(
        ([name]) => backend !== "sops" || name !== "shop/bytes",
      );
      assert.deepEqual(await madeOf(objects), Object.fromEntries(wanted));
    });
  }

  test("all is as before for what follows", async () => {
    await rename(at("bytes.yaml"), at("tree/bytes.yaml"));
    await controller?.stop();
    controller = null;
  });

  async function convertedObjects(folder: string): Promise<KubeObject[]> {
    const entries = await readdir(at(folder), { recursive: true, withFileTypes: true });
    const texts = entries
      .filter((entry) => entry.isFile())
      .map((entry) => readFile(join(entry.parentPath, entry.name), "utf8"));
    return (await Promise.all(texts)).flatMap((text) =>
      readDocuments(text, folder).map(({ value }) => asKubeObject(value)),
    );
  }

  test("Secrets that the stock tool encrypted are applied in plain", async () => {
    const encrypt = ["encrypt", "--age", identity.recipient, "--in-place", "FILE"];
    const regex = ["--encrypted-regex", "^(data|stringData)$"];
    const two = `${toYaml({ ...JSON.parse(plain("stock")), type: "example.com/own" })}---\n${toYaml(JSON.parse(plain("second")))}`;
    const yaml = await stock.run([encrypt[0] ?? "", ...regex, ...encrypt.slice(1)], "stock.yaml", two);
    const json = await stock.run(encrypt, "whole.json", plain("whole"));
    await put("stock/stock.yaml", yaml.file);
    await put("stock/whole.json", json.file);
    assertRefused(await signet(["render", "stock"]), /--allow-unbound/);
    await pipe(await succeeds(["render", "--strict", "--allow-unbound", "stock"]));
    for (const name of ["stock", "second", "whole"]) {
      const { data } = await scene.untilSecret("shop", name);
      assert.deepEqual(data, encoded());
    }
    assert.equal((await scene.untilSecret("shop", "stock")).type, "example.com/own");
  });

  const encoded = () =>
    Object.fromEntries(
      Object.entries(values).map(([item, text]) => [item, Buffer.from(text).toString("base64")]),
    );

  test("what kustomize builds is rendered, and kustomize reads what was rendered as it was written", async () => {
    const { kustomize } = await ensureRealComponents(["kustomize"]);
    const build = async (folder: string) => {
      const { code, stdout, stderr } = await runProgram(kustomize, ["build", at(folder)]);
      assert.equal(code, 0, stderr);
      return stdout;
    };
    await put("base/classic.yaml", await readFile(at("tree/classic.yaml"), "utf8"));
    await put("base/manifests.yml", await readFile(at("tree/manifests.yml"), "utf8"));
    await put("base/kustomization.yaml", "resources: [classic.yaml, manifests.yml]\n");
    assertRefused(await signet(["render", "base"]), /kustomize build base \| signet render -/);
    const stream = await render(["-"], { stdin: await build("base") });
    assert.deepEqual(
      contentOf(objectsIn(stream).find(({ metadata }) => metadata.name === "classic") as SceneSecret),
      withoutController["shop/classic"],
    );
    await put("again/all.yaml", await render(["tree"]));
    await put("again/kustomization.yaml", "resources: [all.yaml]\n");
    const read = objectsIn(await build("again"));
    const byName = (objects: readonly KubeObject[]) =>
      Object.fromEntries(
        objects.map((object) => [
          `${object.kind} ${object.metadata.namespace}/${object.metadata.name}`,
          object,
        ]),
      );
    assert.deepEqual(byName(read), byName(objectsIn(await readFile(at("again/all.yaml"), "utf8"))));
  });

  test("as a plugin of Argo CD nothing of another namespace is opened", async () => {
    const app = { ARGOCD_APP_NAME: "shop", ARGOCD_APP_NAMESPACE: "shop", ARGOCD_ENV_NAMESPACE: "attic" };
    const stream = await render(["tree/deep", "tree/sops"], { env: app });
    assert.equal(objectsIn(stream).length, 5);
    for (const args of [[], ["--allow-namespace", "shop,attic"]]) {
      const run = await signet(["render", "--cluster-keys", ...allowed, ...args, "tree/attic"], { env: app });
      assertRefused(run, /attic\/age is for a namespace that is not rendered here/);
    }
  });

  test("whoever may not read the keys of the cluster is told so, and nothing comes out", async () => {
    const kubeconfig = await cluster.kubeconfigFor({ user: "alice" });
    const run = await signet(["render", "--cluster-keys", "tree"], { env: { KUBECONFIG: kubeconfig } });
    assertRefused(run, /forbidden|may not|403/i);
  });

  test("without keys the tree goes out sealed, and with --strict not at all", async () => {
    const keyless = { SOPS_AGE_KEY: "" };
    const { code, stdout, stderr } = await signet(["render", "--allow-cluster-wide", "tree"], {
      env: keyless,
    });
    assert.equal(code, 0, stderr);
    assert.equal(stdout.match(/kind"?: "?SealedSecret/g)?.length, sealed.length);
    assert.equal(stderr.match(/left sealed, for a controller$/gm)?.length, sealed.length);
    const strict = await signet(["render", "--strict", "--allow-cluster-wide", "tree"], { env: keyless });
    assertRefused(strict, /^error: 13 objects cannot be rendered$/m);
  });

  test("a file with the product is readable by its owner only", async () => {
    await put("plain.yaml", "readable by all");
    assert.equal(await render(["-o", "plain.yaml", "tree"]), "");
    assert.equal((await stat(at("plain.yaml"))).mode & 0o777, 0o600);
    assert.equal(await readFile(at("plain.yaml"), "utf8"), await render(["tree"]));
  });

  test("no standard error holds a value or a key", () => canaries.assertSilent(evidence));
});

function contentOf({ type, data, immutable, metadata }: SceneSecret): object {
  const { labels = {}, annotations = {} } = metadata;
  const own = Object.entries(annotations).filter(([name]) => !BOOKKEEPING.includes(name));
  return {
    type,
    data,
    immutable,
    labels: isRecord(labels) ? labels : {},
    annotations: Object.fromEntries(own),
  };
}
