import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite } from "node:test";
import { auditEvidence, shortened, wholeBodies } from "../support/audit-evidence.ts";
import { Canaries, type Evidence, folderEvidence, objectEvidence } from "../support/canary.ts";
import { canaryFiles, controllerRuns, evidenceOf, offlineRuns, writeFiles } from "../support/canary-runs.ts";
import type { ControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import type { KubeObject } from "../support/control-plane/kube-object.ts";
import { makeScratchFolder, type ScratchFolder } from "../support/control-plane/scratch-folder.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { coverageTable } from "../support/coverage-table.ts";
import { type SealedObject, type TestSealer, testSealer } from "../support/in-process-sealing.ts";
import { startInstalledCluster } from "../support/installed-cluster.ts";
import { objectsIn, type Scene, sceneOf, secretPath } from "../support/sealed-secret-scene.ts";
import { keySecretOf, keySecrets } from "../support/sealing-key-secrets.ts";
import { runSignet } from "../support/signet-cli.ts";
import {
  controllerNamespace,
  type SignetController,
  startSignetController,
} from "../support/signet-controller.ts";
import { testCertificate } from "../support/test-certificates.ts";
import { refusedInputs, sealedInputs, secretJson } from "./canary/plain-input.ts";

requireNetbox();

const table = coverageTable({
  sealing: "sealing and opening, with changes and every form",
  "cli-failures": "every way in which sealing fails",
  "object-failures": "every way in which opening and writing fails",
  mistakes: "plain text where a sealed value belongs",
  modes: "every mode and command of the CLI, with the controller and with its keys",
  http: "verify and rotate, with good and bad bodies",
  keys: "sealing keys: made, refused, taken out",
  process: "arguments, environment and files of the controller; its memory stays out of core dumps",
  crash: "an unforeseen error that quotes what it was given",
  logs: "the logs in both formats, at the finest level",
  events: "the events",
  metrics: "the metrics",
  audit: "every request and answer the API server saw: only Secrets hold them",
  objects: "SealedSecrets, their statuses, and the ConfigMap",
});

suite("no secret gets out", () => {
  // What is sealed, and must stand in Secrets alone.
  const sealed = new Canaries();
  // What somebody put in the wrong place, and must not spread from there.
  const mistaken = new Canaries();
  const output: Evidence[] = [];
  let scratch: ScratchFolder;
  let cluster: ControlPlane;
  let scene: Scene;
  let controller: SignetController;
  let sealer: TestSealer;
  let auditLog: string;
  let temporary: string;
  let env: Record<string, string>;

  before(async () => {
    scratch = await makeScratchFolder("canary");
    auditLog = join(scratch.path, "audit.log");
    const policy = join(scratch.path, "policy.json");
    await writeFile(policy, JSON.stringify(wholeBodies));
    cluster = await startInstalledCluster({
      apiServerArgs: [
        `--audit-policy-file=${policy}`,
        `--audit-log-path=${auditLog}`,
        "--audit-log-maxsize=10000",
      ],
    });
    scene = sceneOf(cluster);
    temporary = join(scratch.path, "tmp");
    const home = join(scratch.path, "home");
    await mkdir(temporary);
    await mkdir(home);
    controller = await startController("text");
    sealer = await testSealer(await (await fetch(`${controller.url}/v1/cert.pem`)).text());
    const kubeconfig = await cluster.kubeconfigFor({ user: "alice" }, "default");
    env = { KUBECONFIG: kubeconfig, HOME: home, TMPDIR: temporary };
    await guardKeys();
  });

  after(async () => {
    await controller?.stop();
    await cluster?.stop();
    await scratch?.remove();
  });

  table.proves("sealing", "sealed and opened: a template with the value", async () => {
    const a = sealed.text("rendered");
    const template = { data: { url: "db://{{ .a | upper }}:{{ b64enc .a }}" } };
    await cluster.apply([await seal({ name: "rendered", items: { a }, template })]);
    const { data } = await scene.untilSecret("default", "rendered");
    assert.equal(atob(data?.["url"] ?? ""), `db://${a.toUpperCase()}:${btoa(a)}`);
  });

  for (const { name, make, args = [] } of sealedInputs) {
    table.proves("sealing", `sealed and opened: ${name}`, async () => {
      const secret = sealed.text(`sealed ${name}`);
      const { code, stdout, stderr } = await runSignet(args, { stdin: make(secret), env, from: "dist" });
      output.push({ where: `output of sealing ${name}`, content: `${stdout}\n${stderr}` });
      assert.equal(code, 0, stderr);
      await cluster.apply(objectsIn(stdout));
      const made = await scene.untilSecret("default", name);
      const plain = Object.values(made.data ?? {}).map((value) => Buffer.from(value, "base64").toString());
      assert.ok(plain.some((value) => value.includes(secret)));
      await scene.untilSynced("default", name, "True");
    });
  }

  for (const { name, make, args = [], says } of refusedInputs) {
    table.proves("cli-failures", `not sealed: ${name}`, async () => {
      const secret = sealed.text(`refused: ${name}`);
      const { code, stdout, stderr } = await runSignet(args, { stdin: make(secret), env, from: "dist" });
      output.push({ where: `standard error of ${name}`, content: stderr });
      assert.ok(code === 1 || code === 2, `exit ${code}`);
      assert.equal(stdout, "");
      assert.match(stderr, says);
    });
  }

  table.proves("modes", "sealed, merged, validated, re-encrypted, opened and explained", async () => {
    const [key] = await keySecrets(cluster);
    const privateKeyPem = Buffer.from(key?.data?.["tls.key"] ?? "", "base64").toString("utf8");
    const otherKeyPem = testCertificate(-1, 3650, 7).privateKeyPem;
    const files = await canaryFiles(sealed.text("through every mode"), sealer, {
      privateKeyPem,
      otherKeyPem,
    });
    for (const run of [...offlineRuns([]), ...controllerRuns]) {
      const { path, remove } = await makeScratchFolder("canary-mode");
      await writeFiles(path, files);
      const stdin = run.stdin === undefined ? "" : (files[run.stdin] ?? "");
      const result = await runSignet(run.args, { cwd: path, stdin, env, from: "dist" });
      assert.equal(result.code, run.code, `${run.name}: ${result.stderr}`);
      assert.match(result.stderr, run.says ?? /^/, run.name);
      output.push(...(await evidenceOf(run, result, path, files)));
      await remove();
    }
  });

  table.proves("cli-failures", "not sealed: expired certificate; a token in the flags", async () => {
    const file = join(scratch.path, "expired.pem");
    await writeFile(file, testCertificate(-10, -1).certificatePem);
    const secret = sealed.text("expired");
    const stdin = secretJson("x", { stringData: { a: secret } });
    const expired = await runSignet(["--cert", file], { stdin, env, from: "dist" });
    assert.match(expired.stderr, /expired/);
    const token = sealed.text("token");
    const refused = await runSignet(["--token", token], { stdin, env, from: "dist" });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /error: /);
    output.push({ where: "standard error", content: `${expired.stderr}\n${refused.stderr}` });
  });

  type Failing = {
    name: string;
    says: RegExp;
    make: (secret: string, name: string) => Promise<KubeObject>;
    existing?: (secret: string) => Record<string, unknown>;
  };
  const seal = (content: SealedObject) => sealer.object(content);
  const changed = async (content: SealedObject, edit: (value: string) => string): Promise<KubeObject> => {
    const object = await seal(content);
    const { encryptedData } = object["spec"] as { encryptedData: Record<string, string> };
    const edited = Object.entries(encryptedData).map(([item, value]) => [item, edit(value)]);
    return { ...object, spec: { encryptedData: Object.fromEntries(edited) } };
  };
  const whole = (secret: unknown) => async (_secret: string, name: string) =>
    sealer.wholeObject({ name, secret });
  const failing: Failing[] = [
    {
      name: "renamed",
      says: /sealed for/,
      make: (a, name) => seal({ name, items: { a }, sealedFor: { name: "other" } }),
    },
    {
      name: "unknown-key",
      says: /does not have/,
      make: async (a, name) =>
        (await testSealer(testCertificate().certificatePem)).object({ name, items: { a } }),
    },
    {
      name: "damaged",
      says: /damaged/,
      make: (a, name) => changed({ name, items: { a } }, (value) => `${value.slice(0, -8)}AAAAAA==`),
    },
    {
      name: "cut",
      says: /no key could decrypt/,
      make: (a, name) => changed({ name, items: { a } }, (value) => value.slice(0, 400)),
    },
    {
      name: "template-fails",
      says: /template/,
      make: (a, name) => seal({ name, items: { a }, template: { data: { t: "{{ fail .a }}" } } }),
    },
    {
      name: "template-misses",
      says: /template/,
      make: (a, name) => seal({ name, items: { a }, template: { data: { t: "{{ .a.b }}{{ atoi .a }}" } } }),
    },
    {
      name: "template-random",
      says: /template/,
      make: (a, name) => seal({ name, items: { a }, template: { data: { t: "{{ .a }}{{ randAlpha 3 }}" } } }),
    },
    {
      name: "forbidden-type",
      says: /type/,
      make: (a, name) => seal({ name, items: { a }, template: { type: "bootstrap.kubernetes.io/token" } }),
    },
    {
      name: "refused-content",
      says: /./,
      make: (a, name) =>
        seal({
          name,
          items: { ".dockerconfigjson": `{"auths": ${a}` },
          template: { type: "kubernetes.io/dockerconfigjson" },
        }),
    },
    {
      name: "refused-items",
      says: /./,
      make: (a, name) => seal({ name, items: { a }, template: { type: "kubernetes.io/tls" } }),
    },
    {
      name: "too-large",
      says: /./,
      make: (a, name) => seal({ name, items: { a: a.repeat(20_000), b: a.repeat(20_000) } }),
    },
    {
      name: "foreign",
      says: /not managed/,
      make: (a, name) => seal({ name, items: { a } }),
      existing: (secret) => ({ data: { theirs: btoa(secret) } }),
    },
    {
      name: "immutable",
      says: /immutable/,
      make: (a, name) => seal({ name, items: { a } }),
      existing: (secret) => ({ data: { theirs: btoa(secret) }, immutable: true, marks: true }),
    },
    { name: "whole-bare", says: /spec\.data/, make: (a, name) => sealer.wholeObject({ name, secret: a }) },
    {
      name: "whole-other",
      says: /spec\.data/,
      make: (a, name) => whole({ apiVersion: "v1", kind: "ConfigMap", data: { a } })(a, name),
    },
    {
      name: "whole-base64",
      says: /spec\.data/,
      make: (a, name) => whole({ apiVersion: "v1", kind: "Secret", data: { a: `${a}!!` } })(a, name),
    },
    {
      name: "whole-map",
      says: /spec\.data/,
      make: (a, name) => whole({ apiVersion: "v1", kind: "Secret", stringData: { a: { b: a } } })(a, name),
    },
    {
      name: "whole-broken",
      says: /spec\.data/,
      make: async (a, name) => {
        const scope = { kind: "strict", namespace: "default", name } as const;
        const data = await sealer.value(`{"apiVersion": "v1", "kind": "Secret", "data": {"a": ${a}`, scope);
        return { ...(await seal({ name })), spec: { data, encryptedData: {} } };
      },
    },
    {
      name: "whole-yaml",
      says: /spec\.data/,
      make: async (a, name) => {
        const scope = { kind: "strict", namespace: "default", name } as const;
        const data = await sealer.value(`kind: Secret\nstringData: {a: ${a}\n\tb: *${a}`, scope);
        return { ...(await seal({ name })), spec: { data, encryptedData: {} } };
      },
    },
  ];
  for (const { name, says, make, existing } of failing) {
    table.proves("object-failures", `not opened, or not written: ${name}`, async () => {
      const secret = sealed.text(`failing: ${name}`);
      if (existing !== undefined) {
        const { marks, ...fields } = existing(sealed.text(`in the way of ${name}`));
        const annotations = marks === true ? { "sealedsecrets.bitnami.com/managed": "true" } : {};
        const metadata = { namespace: "default", name, annotations };
        await cluster.apply([{ apiVersion: "v1", kind: "Secret", metadata, ...fields }]);
      }
      await cluster.apply([await make(secret, name)]);
      const status = await scene.untilSynced("default", name, "False");
      assert.match(status.conditions[0]?.message ?? "", says);
      await scene.untilEvent(
        "default",
        name,
        name === "" ? "" : eventReason(status.conditions[0]?.reason),
        says,
      );
    });
  }

  const mistakes: { name: string; object: (secret: string) => Record<string, unknown> }[] = [
    { name: "plain-value", object: (secret) => ({ encryptedData: { password: secret } }) },
    { name: "plain-sentence", object: (secret) => ({ encryptedData: { password: `pass ${secret}!` } }) },
    { name: "plain-prefixed", object: (secret) => ({ encryptedData: { password: `${secret}:x` } }) },
    { name: "plain-kms", object: (secret) => ({ encryptedData: { password: `kms:1:${secret}` } }) },
    {
      name: "plain-sops",
      object: (secret) => ({ encryptedData: { password: `ENC[AES256_GCM,data:${secret}` } }),
    },
    {
      name: "plain-template",
      object: (secret) => ({ encryptedData: {}, template: { data: { a: `${secret}{{ fail "" }}` } } }),
    },
    { name: "base64-of-plain", object: (secret) => ({ encryptedData: { password: btoa(secret) } }) },
    { name: "plain-data", object: (secret) => ({ encryptedData: {}, data: btoa(secret) }) },
  ];
  for (const { name, object } of mistakes) {
    table.proves("mistakes", `plain text in a SealedSecret: ${name}`, async () => {
      const secret = mistaken.text(`mistake: ${name}`);
      const metadata = { namespace: "default", name };
      const spec = object(secret);
      await cluster.apply([{ apiVersion: "bitnami.com/v1alpha1", kind: "SealedSecret", metadata, spec }]);
      await scene.untilSynced("default", name, "False");
      await scene.untilEvent("default", name, "ErrUnsealFailed");
    });
  }

  const bodies: { name: string; make: (secret: string) => Promise<string>; answers: number[] }[] = [
    {
      name: "good",
      answers: [200],
      make: async (a) => JSON.stringify(await seal({ name: "http", items: { a } })),
    },
    {
      name: "for another name",
      answers: [409],
      make: async (a) => JSON.stringify(await seal({ name: "http", items: { a }, sealedFor: { name: "x" } })),
    },
    {
      name: "whole object",
      answers: [200],
      make: async (a) => {
        const secret = { apiVersion: "v1", kind: "Secret", metadata: {}, stringData: { a } };
        return JSON.stringify(await sealer.wholeObject({ name: "http", secret }));
      },
    },
    {
      name: "whole object that is none",
      answers: [200, 409],
      make: async (a) => JSON.stringify(await sealer.wholeObject({ name: "http", secret: [a] })),
    },
    { name: "a plain Secret", answers: [500], make: async (a) => secretJson("http", { stringData: { a } }) },
    { name: "broken JSON", answers: [500], make: async (a) => `{"a": ${a}` },
    { name: "broken YAML", answers: [500], make: async (a) => `a: "${a}\n\tb: *${a}` },
    { name: "text", answers: [500], make: async (a) => a },
    { name: "too long", answers: [413], make: async (a) => a.repeat(100_000) },
  ];
  for (const { name, make, answers } of bodies) {
    table.proves("http", `asked over HTTP: ${name}`, async () => {
      const body = await make(sealed.text(`body: ${name}`));
      for (const path of ["/v1/verify", "/v1/rotate"]) {
        // Of a body that is too long the rest is not read: the answer may be lost on a closed connection.
        const asked = fetch(`${controller.url}${path}`, { method: "POST", body });
        const answer = answers.includes(413) ? await asked.catch(() => null) : await asked;
        if (answer === null) continue;
        const text = await answer.text();
        output.push({
          where: `answer of ${path} to ${name}`,
          content: `${answer.status} ${[...answer.headers].join("\n")}\n${text}`,
        });
        assert.ok(answers.includes(answer.status), `${path}: ${answer.status}`);
      }
    });
  }

  table.proves("keys", "key Secrets that are refused or taken out are not quoted", async () => {
    const { certificatePem, privateKeyPem } = testCertificate(-1, 3650, 2);
    sealed.guardPrivateKey("a key with another's certificate", privateKeyPem);
    const other = testCertificate(-1, 3650, 3).certificatePem;
    const text = sealed.text("what is no key");
    const noKey = { certificatePem, privateKeyPem: `-----BEGIN RSA PRIVATE KEY-----\n${text}\n` };
    await cluster.apply([
      keySecretOf("bad-pair", { certificatePem: other, privateKeyPem }),
      keySecretOf("bad-key", noKey),
      keySecretOf("bad-cert", { certificatePem: text, privateKeyPem }),
    ]);
    for (const name of ["bad-pair", "bad-key", "bad-cert"]) {
      await scene.untilEvent(controllerNamespace, name, "SealingKeyRefused");
      await scene.remove(secretPath(controllerNamespace, name));
    }
    controller.process.signal("SIGUSR1");
    await waitUntil({ what: "another key" }, async () =>
      (await keySecrets(cluster)).length === 2 ? true : null,
    );
    await guardKeys();
  });

  table.proves("process", "what the system tells of the process holds no secret", async () => {
    const { pid } = controller.process;
    for (const file of ["cmdline", "environ"]) {
      const content = await readFile(`/proc/${pid}/${file}`);
      assert.ok(content.length > 0);
      output.push({ where: `/proc/PID/${file}`, content });
    }
    const filter = await readFile(`/proc/${pid}/coredump_filter`, "utf8");
    assert.equal(Number.parseInt(filter, 16), 0, "core dumps would hold memory");
    assert.deepEqual(await readdir(temporary), []);
    output.push(...(await folderEvidence(env["HOME"] ?? "")));
  });

  table.proves(["logs", "crash"], "an unforeseen error ends the process without its text", async () => {
    await controller.stop();
    output.push({ where: "log", content: controller.logs() });
    const secret = sealed.text("in an error");
    const preload = join(scratch.path, "fault.mjs");
    await writeFile(
      preload,
      `process.on("SIGUSR2", () => { throw new SyntaxError("unexpected token in " + JSON.stringify({ password: process.title })); });\nprocess.title = ${JSON.stringify(secret)};\n`,
    );
    controller = await startController("json", { NODE_OPTIONS: `--import=${preload}` });
    controller.process.signal("SIGUSR2");
    const end = await controller.process.waitForEnd();
    assert.equal(end, 1);
    const lines = controller.logs();
    assert.match(lines, /SyntaxError/);
    output.push({ where: "log of the crash", content: lines });
    assert.deepEqual(await readdir(temporary), []);
    controller = await startController("json");
    await cluster.apply([await seal({ name: "after-crash", items: { a: sealed.text("after the crash") } })]);
    await scene.untilSecret("default", "after-crash");
  });

  table.proves(
    ["logs", "events", "metrics", "audit", "objects"],
    "no canary stands anywhere but in Secrets",
    async () => {
      const metrics = await (await fetch(`${controller.metricsUrl}/metrics`)).text();
      assert.match(metrics, /condition_info\{/);
      await controller.stop();
      output.push(
        { where: "log as JSON", content: controller.logs() },
        { where: "metrics", content: metrics },
      );
      const events = await list("/api/v1/events");
      assert.ok(events.length > failing.length);
      output.push(...objectEvidence("events", events));
      output.push(...objectEvidence("config maps", await list("/api/v1/configmaps")));
      const objects = await list("/apis/bitnami.com/v1alpha1/sealedsecrets");
      const statuses = objects.map(({ metadata, status }) => ({
        where: `status of ${metadata.name}`,
        content: JSON.stringify(status),
      }));
      const requests = await auditEvidence(auditLog);
      assert.ok(requests.length > 200);

      const whole = objects.map((object) => JSON.parse(JSON.stringify(object, shortened)) as KubeObject);
      sealed.assertSilent([...output, ...statuses, ...requests, ...objectEvidence("objects", whole)]);
      mistaken.assertSilent([...output, ...statuses]);
    },
  );

  table.proves("audit", "the audit log holds the canaries of Secrets' bodies", async () => {
    // Else the search above would prove nothing.
    const bodies = await auditEvidence(auditLog, "with the bodies of Secrets");
    const found = new Set(sealed.sightings(bodies).map(({ canary }) => canary));
    for (const { name } of sealedInputs) assert.ok(found.has(`sealed ${name}`), name);
  });

  table.everyRowHasATest();

  async function startController(
    format: "text" | "json",
    extra: Record<string, string> = {},
  ): Promise<SignetController> {
    const started = await startSignetController({
      controlPlane: cluster,
      from: "dist",
      flags: ["--log-level=DEBUG", `--log-format=${format}`, "--rate-limit=1000", "--rate-limit-burst=1000"],
      env: { TMPDIR: temporary, ...extra },
    });
    await guardTokens();
    return started;
  }

  /** From now on also looks for the tokens of the controller's pods. */
  async function guardTokens(): Promise<void> {
    const pods = (await readdir(cluster.folder)).filter((name) => name.startsWith("pod-kube-system-"));
    assert.ok(pods.length > 0);
    for (const pod of pods) {
      const token = await readFile(join(cluster.folder, pod, "token"), "utf8");
      // Its last part is the signature: the others are no secret and look alike.
      sealed.guard(`the token of ${pod}`, token.split(".").at(-1) ?? "");
    }
  }

  /** From now on also looks for the private keys there are. */
  async function guardKeys(): Promise<void> {
    for (const { metadata, data } of await keySecrets(cluster)) {
      const pem = Buffer.from(data?.["tls.key"] ?? "", "base64").toString("utf8");
      sealed.guardPrivateKey(`sealing key ${metadata.name}`, pem);
    }
    const record = await scene.secret("kube-system", "signet-record-key");
    const recordKey = Buffer.from(record?.data?.["key"] ?? "", "base64");
    assert.equal(recordKey.length, 32);
    sealed.guard("the secret of the records", recordKey);
  }

  async function list(path: string): Promise<KubeObject[]> {
    const { status, body } = await cluster.request("GET", path);
    assert.equal(status, 200);
    return (body as { items: KubeObject[] }).items;
  }
});

function eventReason(reason: string | undefined): string {
  const unsealing = ["UnsealFailed", "TemplateFailed", "MalformedSealedSecret"];
  return unsealing.includes(reason ?? "") ? "ErrUnsealFailed" : "ErrUpdateFailed";
}
