import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Check, Looking } from "../../../cli/doctor/check.ts";
import { checkController } from "../../../cli/doctor/controller-checks.ts";
import { checkDefinition } from "../../../cli/doctor/definition-checks.ts";
import { checkKeys } from "../../../cli/doctor/key-checks.ts";
import { checkLeaving } from "../../../cli/doctor/leaving.ts";
import { checkObjects } from "../../../cli/doctor/object-checks.ts";
import { publishedOptions } from "../../../cli/doctor/published-options.ts";
import { checkControllersRights, checkOwnRights } from "../../../cli/doctor/rights-checks.ts";
import { readCertificate } from "../../../shared/seal/certificate.node.ts";
import { version } from "../../../shared/version.ts";
import { memoryIo } from "../../support/memory-io.ts";
import { testCertificate } from "../../support/test-certificates.ts";
import { sealedSecret, TOLD } from "../status/status-world.ts";
import {
  ACCOUNT,
  definition,
  type Installed,
  installation,
  keySecret,
  NAME,
  NAMESPACE,
  NOW,
} from "./installation.ts";

const DAY_MS = 86_400_000;
const daysFromNow = (days: number) => Math.round((NOW.getTime() - Date.now()) / DAY_MS) + days;
const { certificatePem } = testCertificate(-2, daysFromNow(300));
const other = testCertificate(-1, daysFromNow(300), 2).certificatePem;
const { fingerprint } = readCertificate(certificatePem);

/** What is told, as `LEVEL ABOUT`, of all that is not ok; what is ok too where all is asked for. */
function levels(checks: readonly Check[], all = false): string[] {
  for (const { level, next } of checks) if (level === "fail" || level === "warn") assert.ok(next !== null);
  return checks.filter(({ level }) => all || level !== "ok").map(({ level, about }) => `${level} ${about}`);
}

/** A ConfigMap with the certificate, on which the controller says this. */
const saying = (annotations: Readonly<Record<string, string>>) => ({
  metadata: { annotations: { "signet.dev/key-order-priority": "CertNotBefore", ...annotations } },
  data: { "cert.pem": certificatePem },
});
const tagged = (tag: string, image = "x/signet") => ({
  spec: { containers: [{ image: `${image}:${tag}` }] },
});
const digest = { spec: { containers: [{ image: "x/signet@sha256:abc" }] } };

type Answers = Omit<Installed, "certificatePem">;
const at = (answers: Answers = {}) => installation({ certificatePem, ...answers }).looking;
const first = (checks: readonly Check[]) => checks.find(({ level }) => level !== "ok")?.found ?? "";

const controllerAt = async (looking: Looking) => checkController(looking, await publishedOptions(looking));
const keysAt = async (looking: Looking) => checkKeys(looking, await publishedOptions(looking));

suite("the definition", () => {
  const without = (...path: string[]) => {
    const crd = definition() as unknown as {
      metadata: { annotations: Record<string, string> };
      spec: { versions: { subresources: object; schema: { openAPIV3Schema: object } }[] };
    };
    const [version] = crd.spec.versions;
    let node = version?.schema.openAPIV3Schema as { properties: Record<string, object> };
    for (const field of path.slice(0, -1)) node = node.properties[field] as typeof node;
    delete node.properties[path.at(-1) ?? ""];
    return { crd, version };
  };
  const look = (answer: object | number) => checkDefinition(at({ answers: { definition: answer } }));

  test("of this version has all fields", async () => {
    assert.deepEqual(levels(await checkDefinition(at()), true), ["ok definition"]);
  });

  test("that drops fields is told with what is lost", async () => {
    const checks = await look(without("status", "signet").crd);
    assert.deepEqual(levels(checks), ["warn definition"]);
    assert.match(first(checks), /drops status\.signet \(every start opens every value\)$/);
    assert.match(first(await look(without("sops").crd)), /drops sops \(SOPS documents/);
  });

  test("missing, without its version or without a status", async () => {
    assert.match(first(await look(404)), /^there is no CustomResourceDefinition/);
    const { crd, version } = without("sops");
    const none = { ...crd, spec: { versions: [{ ...version, served: false }] } };
    assert.match(first(await look(none)), /does not serve bitnami\.com\/v1alpha1/);
    const bare = { ...crd, spec: { versions: [{ ...version, subresources: {} }] } };
    assert.deepEqual(levels(await look(bare)), ["fail definition", "warn definition"]);
  });

  test("that goes with a Helm release", async () => {
    const crd = definition();
    const annotations = { "meta.helm.sh/release-name": "x" };
    const helms = { ...crd, metadata: { ...crd.metadata, annotations } };
    assert.match(first(await look(helms)), /Helm release that may delete it/);
    const kept = { ...annotations, "helm.sh/resource-policy": "keep" };
    assert.deepEqual(levels(await look({ ...crd, metadata: { ...crd.metadata, annotations: kept } })), []);
  });

  test("that one may not read is not known", async () => {
    const [check] = await look(403);
    assert.equal(check?.level, "unknown");
    assert.match(check?.found ?? "", /^not known: you may not get the CustomResourceDefinition/);
  });
});

suite("the controller", () => {
  const look = async (answers: Answers = {}) => (await controllerAt(at(answers))).checks;

  test("where all is right, and as whom it runs", async () => {
    const { checks, account } = await controllerAt(at());
    assert.deepEqual(
      levels(checks, true),
      ["service", "pods", "version", "leader", "endpoint", "published", "certificate"].map(
        (about) => `ok ${about}`,
      ),
    );
    assert.equal(account, ACCOUNT);
  });

  for (const [what, answers, expected, says] of [
    ["no Service", { answers: { service: 404 } }, ["fail service"], /not found|no Service/],
    [
      "no ready Pod",
      { answers: { slices: { items: [{ endpoints: [{ conditions: { ready: false } }] }] } } },
      ["fail pods"],
      /\(1 in all\)/,
    ],
    [
      "Pods that one may not see",
      { answers: { slices: 403 } },
      ["unknown pods"],
      /you may not list endpointslices/,
    ],
    [
      "a Service that one may not see",
      { answers: { service: 403 } },
      ["unknown service"],
      /may not get the Service/,
    ],
    [
      "another version",
      { answers: { pod: { spec: { containers: [{ image: "x/signet:v9.9.9" }] } } } },
      ["warn version"],
      /controller's is 9\.9\.9, and this/,
    ],
    [
      "an image by digest alone",
      { answers: { pod: { spec: { containers: [{ image: "x/signet@sha256:abc" }] } } } },
      ["unknown version"],
      /no tag/,
    ],
    [
      "an image by digest, of a controller that says its version",
      { answers: { pod: digest, configMap: saying({ "signet.dev/controller-version": version }) } },
      [],
      /^$/,
    ],
    [
      "a tag that is no version, of a controller that says another",
      { answers: { pod: tagged("prod"), configMap: saying({ "signet.dev/controller-version": "9.9.9" }) } },
      ["warn version"],
      /controller's is 9\.9\.9, and this/,
    ],
    [
      "a tag that goes on",
      {
        answers: {
          pod: tagged(`v${version}-alpine`),
          configMap: saying({ "signet.dev/controller-version": version }),
        },
      },
      [],
      /^$/,
    ],
    [
      "an update that is under way",
      { answers: { configMap: saying({ "signet.dev/controller-version": "0.0.9" }) } },
      ["warn version"],
      /image is .*, and the last controller to lead was 0\.0\.9/,
    ],
    [
      "another version, by one who may not see Pods",
      { answers: { slices: 403, configMap: saying({ "signet.dev/controller-version": "9.9.9" }) } },
      ["unknown pods", "warn version"],
      /may not list endpointslices/,
    ],
    [
      "the reference's controller, where Signet's was before",
      {
        answers: {
          pod: tagged("0.40.0", "bitnami/sealed-secrets-controller"),
          configMap: saying({ "signet.dev/controller-version": version }),
        },
      },
      ["warn version"],
      /is the reference's \(0\.40\.0\)/,
    ],
    [
      "the reference's controller",
      { answers: { pod: { spec: { containers: [{ image: "bitnami/sealed-secrets-controller:0.40.0" }] } } } },
      ["warn version"],
      /is the reference's \(0\.40\.0\)/,
    ],
    ["no Lease", { answers: { lease: 404 } }, [], /^$/],
    [
      "a leader that is gone",
      {
        answers: {
          lease: {
            spec: { holderIdentity: "a", leaseDurationSeconds: 15, renewTime: "2030-05-31T23:59:00Z" },
          },
        },
      },
      ["fail leader"],
      /last renewed 2030-05-31T23:59:00/,
    ],
    [
      "a leader that stepped down",
      {
        answers: {
          lease: { spec: { holderIdentity: "", leaseDurationSeconds: 15, renewTime: NOW.toISOString() } },
        },
      },
      ["fail leader"],
      /^nobody holds/,
    ],
    [
      "a proxy that is closed",
      { endpoint: { status: 403 } },
      ["warn endpoint"],
      /does not lead to it: answered 403/,
    ],
    ["another program", { endpoint: { status: 404 } }, ["fail endpoint"], /answered 404/],
    [
      "a page",
      { endpoint: { status: 200, body: "<html>" } },
      ["fail endpoint"],
      /does not contain any valid RSA certificate/,
    ],
    ["no published certificate", { answers: { configMap: 404 } }, ["warn published"], /not found/],
    [
      "another one published",
      { answers: { configMap: { data: { "cert.pem": other } } } },
      ["fail certificate"],
      /serves SHA256:.*and the ConfigMap has SHA256:/,
    ],
  ] as const) {
    test(what, async () => {
      const checks = await look(answers);
      assert.deepEqual(levels(checks), expected);
      assert.match(first(checks), says);
    });
  }

  test("of a cluster without EndpointSlices", async () => {
    const endpoints = { subsets: [{ addresses: [{ targetRef: { kind: "Pod", name: "signet-0" } }] }] };
    for (const slices of [404, { items: [] }]) {
      const { checks, account } = await controllerAt(at({ answers: { slices, endpoints } }));
      assert.deepEqual([levels(checks), account], [[], ACCOUNT]);
    }
    const none = { subsets: [{ notReadyAddresses: [{}] }] };
    assert.match(first(await look({ answers: { slices: { items: [] }, endpoints: none } })), /\(1 in all\)/);
  });

  for (const [days, period, expected] of [
    [-1, null, ["fail certificate"]],
    [3, null, ["warn certificate"]],
    [29, null, ["warn certificate"]],
    [30, null, []],
    // The next one comes before it expires; after; never; and it should be there.
    [3, `${86_400 * daysFromNow(2)}s`, []],
    [3, `${86_400 * daysFromNow(5)}s`, ["warn certificate"]],
    [3, "0s", ["warn certificate"]],
    [3, "60s", ["warn certificate"]],
  ] as const) {
    test(`a certificate for ${days} more days, renewed after ${period ?? "it is not known how long"}`, async () => {
      const { certificatePem: pem } = testCertificate(-1, daysFromNow(days), 3);
      const annotations = period === null ? {} : { "signet.dev/key-renew-period": period };
      const configMap = { metadata: { annotations }, data: { "cert.pem": pem } };
      const { looking } = installation({ certificatePem: pem, answers: { configMap } });
      assert.deepEqual(levels((await controllerAt(looking)).checks), expected);
    });
  }
});

suite("keys", () => {
  const look = (secrets: object | number, answers: Answers["answers"] = {}) =>
    keysAt(at({ answers: { ...answers, secrets } }));
  const none = {};

  test("that are backed up", async () => {
    const checks = await keysAt(at());
    assert.deepEqual(levels(checks, true), ["ok keys", "ok backups"]);
    assert.equal(checks[0]?.found, `1 in use; ${fingerprint} seals`);
  });

  test("without a backup, or waiting for one", async () => {
    const items = [
      keySecret("one", certificatePem, none),
      keySecret("two", other, { "signet.dev/awaits-backup": "" }),
    ];
    const annotations = {
      "signet.dev/require-backup": "true",
      "signet.dev/key-order-priority": "CertNotBefore",
    };
    const configMap = { metadata: { annotations }, data: { "cert.pem": certificatePem } };
    assert.deepEqual(levels(await look({ items })), ["warn backups"], "nobody requires one");
    const checks = await look({ items }, { configMap });
    assert.deepEqual(levels(checks), ["warn backups", "warn backups"]);
    assert.match(first(checks), /confirmed of one, two, the one that seals among them/);
    assert.match(checks.at(-1)?.found ?? "", /^two will not seal until/);
  });

  test("that are gone, unreadable or not known", async () => {
    assert.match(first(await look({ items: [] })), /^no sealing key is in use in kube-system/);
    assert.match(first(await look({ items: [keySecret("two", other)] })), /of which there is no Secret/);
    const bad = await look({ items: [keySecret("one", certificatePem), keySecret("bad", "no certificate")] });
    assert.deepEqual(levels(bad), ["fail keys"]);
    assert.match(first(bad), /Secret kube-system\/bad is no sealing key to use: tls\.crt/);
    assert.deepEqual(levels(await look(403)), ["unknown keys"]);
  });

  test("that nothing is behind hide from nobody that none was made", async () => {
    const configMap = saying({ "signet.dev/key-renew-period": "2592000s" });
    const { privateKeyPem } = testCertificate(-2, daysFromNow(300));
    const young = testCertificate(daysFromNow(-1), daysFromNow(300), 3);
    const own = keySecret("one", certificatePem, undefined, { keyText: privateKeyPem });
    const renewal = async (keyText: string) =>
      levels(
        await look(
          { items: [own, keySecret("two", young.certificatePem, undefined, { keyText })] },
          { configMap },
        ),
        true,
      ).find((line) => line.endsWith(" renewal"));
    assert.equal(await renewal("a private key"), "warn renewal");
    assert.equal(await renewal(privateKeyPem), "warn renewal", "of another certificate");
    assert.equal(await renewal(young.privateKeyPem), "ok renewal");
  });

  test("that lie open where new ones are wrapped", async () => {
    const annotations = {
      "signet.dev/sealing-key-wrap": "vault:transit/k",
      "signet.dev/key-order-priority": "CertNotBefore",
    };
    const configMap = { metadata: { annotations }, data: { "cert.pem": certificatePem } };
    const checks = await look({ items: [keySecret("one", certificatePem)] }, { configMap });
    assert.deepEqual(levels(checks), ["warn wrapping"]);
    assert.equal(checks.at(-1)?.next, "signet keys wrap --all --with vault:transit/k");
  });
});

suite("rights", () => {
  const of = (denied: (right: string) => boolean, account: string | null = ACCOUNT) =>
    checkControllersRights(at({ denied }), account);

  test("of a controller that has all", async () => {
    assert.deepEqual(levels(await of(() => false), true), ["ok its rights"]);
  });

  test("of one that serves some namespaces", async () => {
    const checks = await of((right) => right.endsWith(" *"));
    assert.deepEqual(levels(checks), ["warn its rights"]);
    assert.match(
      first(checks),
      /may not get, list, watch sealedsecrets; .* in all namespaces: it serves those alone/,
    );
  });

  test("of one that lacks what it needs, and what it can do without", async () => {
    const lease = await of((right) => right.startsWith("update leases"));
    assert.deepEqual(levels(lease), ["fail its rights"]);
    assert.match(first(lease), /may not update leases in kube-system$/);
    const secrets = await of((right) => right.startsWith("update secrets"));
    assert.deepEqual(levels(secrets), ["fail its rights", "warn its rights"]);
    const events = await of((right) => right.startsWith("delete secrets"));
    assert.deepEqual(levels(events), ["warn its rights"]);
    assert.match(first(events), /may not delete secrets: Secrets cannot be made anew/);
  });

  test("that are not known", async () => {
    assert.deepEqual(levels(await of(() => false, null)), ["unknown its rights"]);
  });

  test("of one's own are told, and no reason to fail", async () => {
    const { looking } = installation({
      certificatePem,
      denied: (right) => right.startsWith("self list secrets"),
    });
    const [check] = await checkOwnRights(looking, { namespace: NAMESPACE, name: NAME });
    assert.equal(check?.level, "ok");
    assert.match(check?.found ?? "", /^you may seal .*; not see sealing keys$/);
  });
});

suite("objects", () => {
  const look = (...items: object[]) => checkObjects(at({ answers: { sealedSecrets: { items } } }));

  test("in sync, not all of them, and none looked at", async () => {
    const good = sealedSecret("a", "b", TOLD.inSync);
    assert.deepEqual(levels(await look(good), true), ["ok objects"]);
    assert.deepEqual(levels(await look(), true), ["ok objects"]);
    const some = await look(good, sealedSecret("a", "c", TOLD.failed), { metadata: { name: "d" } });
    assert.deepEqual(levels(some), ["warn objects"]);
    assert.match(first(some), /^2 of 3 SealedSecrets are not in sync$/);
    assert.equal((await look(good))[0]?.found, "1 SealedSecret, all in sync");
    assert.equal((await look())[0]?.found, "0 SealedSecrets, all in sync");
    assert.equal(first(await look({ metadata: { name: "d" } })), "1 of 1 SealedSecret is not in sync");
    const lost = await look(good, sealedSecret("a", "c", TOLD.notOpening));
    assert.deepEqual(levels(lost), ["fail objects"]);
    assert.match(first(lost), /^1 of 2 SealedSecrets is opened by no sealing key any more/);
    assert.match(
      first(await look(sealedSecret("a", "b", null))),
      /^no controller has looked at any of 1 SealedSecret$/,
    );
  });
});

test("no answer is waited for longer than the user says", async () => {
  const endpoints = { subsets: [{ addresses: [{ targetRef: { kind: "Pod", name: "signet-0" } }] }] };
  const { looking, waits } = installation({ certificatePem, answers: { slices: 404, endpoints } });
  const hurried = { ...looking, search: { ...looking.search, timeoutMs: 1234 } };
  await checkDefinition(hurried);
  const { account } = await controllerAt(hurried);
  await checkControllersRights(hurried, account);
  await keysAt(hurried);
  await checkObjects(hurried);
  await checkOwnRights(hurried, hurried.search);
  await checkLeaving(hurried, [], memoryIo([]).io);
  assert.deepEqual([...waits], [1234]);
});
