import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { readDocuments } from "../../shared/document/read-documents.ts";
import { readCertificate } from "../../shared/seal/certificate.node.ts";
import { version } from "../../shared/version.ts";
import { compileCache } from "../runner/compile-cache.ts";
import { cliProgram } from "../support/built-programs.ts";
import type { ControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import type { KubeObject } from "../support/control-plane/kube-object.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { GitRepository } from "../support/git-repository.ts";
import { type GuideStep, guideNames, guideSteps } from "../support/guide-steps.ts";
import { startInstalledCluster } from "../support/installed-cluster.ts";
import { untilLeading } from "../support/replicas.ts";
import { runProgram } from "../support/run-program.ts";
import {
  type Scene,
  type SceneSecret,
  sceneOf,
  sealedPath,
  secretPath,
} from "../support/sealed-secret-scene.ts";
import { certificateOf, deleteKeys, keySecrets } from "../support/sealing-key-secrets.ts";
import {
  controllerName,
  controllerNamespace,
  type SignetController,
  startSignetController,
} from "../support/signet-controller.ts";
import { newAgeIdentity } from "../support/sops-keys.ts";

requireNetbox();

const owner = await newAgeIdentity();
const configMapPath = `/api/v1/namespaces/${controllerNamespace}/configmaps/sealed-secrets-certificate`;
const leasePath = `/apis/coordination.k8s.io/v1/namespaces/${controllerNamespace}/leases/sealed-secrets-controller`;
/** What a guide is told at each step of it, beside what its lines do by themselves. */
type Around = { before?: (line: string) => Promise<void>; after?: (line: string) => Promise<void> };

const PROGRAMS: Readonly<Record<string, string>> = {
  signet: `exec "${process.execPath}" "${cliProgram}" "$@"`,
  editor: `sed -i 's/^\\( *\\)password: .*/\\1password: edited/' "$1"`,
  kubectl: `case "$*" in
  "create secret "*) printf '%s\\n' 'apiVersion: v1' 'kind: Secret' 'metadata: {name: db, namespace: shop}' 'stringData: {password: first}' ;;
  "apply -f -") cat > "$HOME/applied.yaml" ;;
  *) exit 1 ;;
esac`,
};

suite("the guides, line by line", () => {
  let cluster: ControlPlane;
  let scene: Scene;
  let controller: SignetController;
  const repo = new GitRepository();

  before(async () => {
    cluster = await startInstalledCluster();
    scene = sceneOf(cluster);
    const metadata = { name: controllerName, namespace: controllerNamespace };
    const containers = [{ name: "main", image: `example.com/signet:${version}` }];
    await cluster.apply([
      { apiVersion: "v1", kind: "ServiceAccount", metadata },
      {
        apiVersion: "v1",
        kind: "Pod",
        metadata,
        spec: { nodeName: "test", serviceAccountName: controllerName, containers },
      } as KubeObject,
    ]);
    await scene.namespaces("shop");
    await start();
    mkdirSync(join(repo.folder, "bin"));
    for (const [name, script] of Object.entries(PROGRAMS)) {
      writeFileSync(join(repo.folder, "bin", name), `#!/bin/sh\n${script}\n`);
      chmodSync(join(repo.folder, "bin", name), 0o755);
    }
    repo.write({ "password.txt": "second", "user.txt": "me", "new-password.txt": "third" });
  });
  after(async () => {
    await controller?.stop();
    await cluster?.stop();
    repo.remove();
  });

  async function start(): Promise<void> {
    controller = await startSignetController({ controlPlane: cluster, install: false });
    await untilLeading(cluster);
  }

  const fingerprint = (secret: SceneSecret | undefined) =>
    secret === undefined ? "" : readCertificate(certificateOf(secret)).fingerprint;

  /** The names that the guides have for keys: there are three in the end, one after the other. */
  async function keyNames(): Promise<Record<string, string>> {
    const [old, stolen, fresh] = await keySecrets(cluster, "");
    const [OLD = "", KEY = ""] = [old?.metadata.name, stolen?.metadata.name];
    return { OLD, KEY, STOLEN: fingerprint(stolen), FRESH: fingerprint(fresh) || lost.fresh };
  }
  const lost = { fresh: "" };

  async function play(name: string, around: Around = {}): Promise<void> {
    for (const step of guideSteps(name)) {
      if (step.kind === "file") {
        const [key] = await keySecrets(cluster);
        repo.write({ [step.path]: step.text.replace(/SHA256:\S+/, fingerprint(key)) });
        continue;
      }
      await around.before?.(step.command);
      await playLine(name, step);
      await around.after?.(step.command);
    }
  }

  async function playLine(from: string, { command, exits }: GuideStep & { kind: "line" }): Promise<void> {
    if (/^kubectl apply --server-side /.test(command)) return;
    const applied = /^kubectl apply -f (\S+)$/.exec(command)?.[1];
    if (applied !== undefined) {
      const bytes = readFileSync(join(repo.folder, applied));
      await cluster.apply(readDocuments(bytes, applied).map(({ value }) => value as KubeObject));
      return;
    }
    const env = {
      ...repo.env,
      ...compileCache,
      PATH: `${repo.folder}/bin:${repo.env["PATH"]}`,
      KUBECONFIG: cluster.adminKubeconfig,
      SIGNET_EDITOR: join(repo.folder, "bin/editor"),
      RECIPIENT: owner.recipient,
      SOPS_AGE_KEY: owner.text,
      ...(await keyNames()),
    };
    const words = ["-c", `set -euo pipefail\n${command}`];
    const { code, stdout, stderr } = await runProgram("bash", words, { cwd: repo.folder, env, stdin: "" });
    assert.equal(code, exits, `${from}: ${command}\n${stdout}${stderr}`);
  }

  const items = async () => {
    const { body } = await cluster.request("GET", secretPath("shop", "db"));
    const data = Object.entries((body as SceneSecret).data ?? {});
    return Object.fromEntries(data.map(([item, value]) => [item, Buffer.from(value, "base64").toString()]));
  };

  /** Waits until this key's certificate is published, as pins and new values follow it. */
  const untilPublished = (wanted: () => Promise<string>) =>
    waitUntil({ what: "the certificate to be published", boundMs: 90_000 }, async () => {
      const { body } = await cluster.request("GET", configMapPath);
      const pem = (body as { data?: Record<string, string> }).data?.["cert.pem"];
      return pem !== undefined && readCertificate(pem).fingerprint === (await wanted()) ? true : null;
    });

  test("developers seal, change, review and apply", async () => {
    await play("guide-developers.md");
    const { password, token, id_ed25519, ...others } = await items();
    assert.equal(password, "edited");
    assert.match(token ?? "", /^\w{32}$/);
    assert.match(id_ed25519 ?? "", /^-----BEGIN PRIVATE KEY-----/);
    assert.deepEqual(others, {});
    const text = repo.git("log", "-p", "--no-textconv", "--", "apps");
    for (const value of ["first", "second", "edited"]) assert.ok(!text.includes(value), value);
  });

  test("pipelines check, apply and keep up", async () => {
    repo.git("update-ref", "refs/remotes/origin/main", repo.git("rev-list", "--max-parents=0", "HEAD"));
    const [key] = await keySecrets(cluster);
    repo.write({ "sealing-key.pem": Buffer.from(key?.data?.["tls.key"] ?? "", "base64").toString() });
    await play("guide-pipelines.md");
    assert.match(readFileSync(join(repo.folder, "applied.yaml"), "utf8"), /kind: Secret\n/);
    assert.match(readFileSync(join(repo.folder, "lint.xml"), "utf8"), /failures="0"/);
  });

  test("admins keep it going for years", async () => {
    await play("guide-admins.md", {
      async before(line) {
        if (!/^signet keys restore sealing/.test(line)) return;
        lost.fresh = (await keyNames())["FRESH"] ?? "";
        await controller.stop();
        await deleteKeys(cluster);
        const objects = [sealedPath("shop", "db"), secretPath("shop", "db")];
        for (const path of [leasePath, configMapPath, ...objects]) await cluster.request("DELETE", path);
      },
      async after(line) {
        const [, action, name = ""] = /^signet keys (new|promote|restore)(?: (\S+))?/.exec(line) ?? [];
        if (action === "new")
          await untilPublished(async () => fingerprint((await keySecrets(cluster)).at(-1)));
        if (action === "restore" && name !== "--dry-run") await start();
        if (action !== "promote") return;
        const all = await keySecrets(cluster);
        const wanted = { $OLD: all[0], $KEY: all[1] }[name];
        await untilPublished(async () => (wanted === undefined ? lost.fresh : fingerprint(wanted)));
      },
    });
    const { password } = await items();
    assert.equal(password, "third");
    assert.deepEqual((await keySecrets(cluster)).map(fingerprint), [lost.fresh]);
  });

  test("no guide is left out", () => {
    assert.deepEqual(guideNames(), ["guide-admins.md", "guide-developers.md", "guide-pipelines.md"]);
  });
});
