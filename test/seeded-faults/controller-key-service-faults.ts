import type { Fault } from "./fault.ts";

const settings = "controller/key-service-settings.ts";
const settingsTest = "test/controller/key-service-settings.test.ts";
const ways = "controller/key-services.ts";
const waysTest = "test/controller/key-services.test.ts";
const open = "controller/key-services/open-key-services.ts";
const openTest = "test/controller/key-services/open-key-services.test.ts";
const objects = "controller/key-services/object-key-services.ts";
const openingTest = "test/controller/key-services/opening.test.ts";
const outageTest = "test/controller/key-services/outage.test.ts";
const watch = "controller/key-services/gate-watch.ts";
const watchTest = "test/controller/key-services/gate-watch.test.ts";
const metered = "controller/key-services/metered.ts";
const meteredTest = "test/controller/key-services/metered.test.ts";
const failure = "controller/reconcile/key-service-failure.ts";
const failureTest = "test/controller/reconcile/key-service-failure.test.ts";
const reconciler = "controller/reconcile/reconciler.ts";
const leading = "controller/leading.ts";
const controller = "controller/controller.ts";
const workqueue = "controller/runtime/workqueue.ts";
const lendTest = "test/controller/runtime/lend-place.test.ts";

/** Faults in how the controller uses keys outside of the cluster. */
export const controllerKeyServiceFaults: readonly Fault[] = [
  {
    what: "whoever posts to the HTTP API has key services asked",
    file: controller,
    find: "opening: () => opening({ diagnose: false, giveUpAfter: 1 }),",
    replace: "opening: () => opening({ diagnose: false, giveUpAfter: 1, keyServices }),",
    test: openingTest,
    named: "/v1/verify and /v1/rotate never ask a key service, whatever is posted, and answer all alike",
  },
  {
    what: "allow-lists do not go by the namespace of the object",
    file: objects,
    find: "(key: string) => this.#allowed[backend].permits(key, namespace)",
    replace: '(key: string) => this.#allowed[backend].permits(key, "team")',
    test: "test/controller/key-services/object-key-services.test.ts",
  },
  {
    what: "no allow-list is asked",
    file: objects,
    find: "(key: string) => this.#allowed[backend].permits(key, namespace)",
    replace: "(key: string) => key !== namespace",
    test: openingTest,
  },
  {
    what: "data keys outlive their time in memory",
    file: objects,
    find: "      this.#dataKeys.sweep();\n",
    replace: "",
    test: "test/controller/key-services/object-key-services.test.ts",
  },
  {
    what: "data keys stay in memory when the lead is lost",
    file: controller,
    find: "      keyServices.wipe();\n",
    replace: "",
    test: "test/controller/key-services/losing-the-lead.test.ts",
    named: "a replica that loses the lead keeps no data key in memory",
  },
  {
    what: "no gate spares a service that fails",
    file: objects,
    find: "kmsUnsealer(gatedKms(this.#kms, this.#gates, user), {",
    replace: "kmsUnsealer(user.by ? this.#kms : gatedKms(this.#kms, this.#gates, user), {",
    test: outageTest,
    named: "kms: an outage leaves what is in sync alone, and ends by itself",
  },
  {
    what: "a narrowed allow-list lets what is in sync stand as if nothing had changed",
    file: leading,
    find: "...(keyServices === null ? {} : { keyServices }),",
    replace: "",
    test: outageTest,
    named: "a start over objects in sync asks nobody; a narrowed allow-list has each judged again",
  },
  {
    what: "another Vault counts as the same one",
    file: settings,
    find: "vault: vaultKeys.length === 0 ? null : vault,",
    replace: "vault: null,",
    test: settingsTest,
  },
  {
    what: "the order in which keys are listed has everything opened again",
    file: settings,
    find: "vaultKeys: [...vaultKeys].sort(),",
    replace: "vaultKeys,",
    test: settingsTest,
  },
  {
    what: "the first start after an upgrade opens everything, though no key service is used",
    file: settings,
    find: "if (kmsKeys.length + vaultKeys.length === 0) return null;",
    replace: "",
    test: settingsTest,
  },
  {
    what: "a host whose name begins like this machine's address may be reached in clear without a warning",
    file: "shared/kube/plain-address.ts",
    find: "/^127(?:\\.\\d{1,3}){3}$/",
    replace: "/^127\\./",
    test: "test/shared/kube/plain-address.test.ts",
  },
  {
    what: "nobody is told that data keys of AWS KMS come in clear",
    file: "shared/aws/web-exchange.ts",
    find: "    tellPlain(origin);\n",
    replace: "",
    test: "test/shared/aws/web-exchange.test.ts",
  },
  {
    what: "the log does not say that AWS is asked without TLS",
    file: open,
    find: "    onPlainText: (host) =>",
    replace: "    onCredentialsRefused: (host) =>",
    test: openTest,
  },
  {
    what: "a pipeline is not told that tokens and values go over the network in clear",
    file: "cli/notices.ts",
    find: "const alert = (text: string) => io",
    replace: "const alert = (text: string) => shown && io",
    test: "test/cli/key-services/network-connector.test.ts",
  },
  {
    what: "keys of Vault are allowed without a Vault",
    file: settings,
    find: 'if (isGiven && address === "") {',
    replace: 'if (isGiven && address === "none") {',
    test: settingsTest,
  },
  {
    what: "keys are allowed where the cluster is not to be known, and nothing ever opens",
    file: settings,
    find: 'if (settings[name].length > 0 && clusterId === "none") {',
    replace: 'if (settings[name].length > 1 && clusterId === "none") {',
    test: settingsTest,
  },
  {
    what: "whoever comes while a service is being connected connects it once more",
    file: ways,
    find: "this.#connected ??= this.#connect()",
    replace: "this.#connected = this.#connect()",
    test: waysTest,
  },
  {
    what: "a connection that failed once fails for ever",
    file: ways,
    find: "      this.#connected = null;\n",
    replace: "",
    test: waysTest,
  },
  {
    what: "the token cannot be given back, since the connection went first",
    file: ways,
    find: "await Promise.all([kms.close(), transit.close()]);\n      await vault.close();",
    replace: "await vault.close();\n      await Promise.all([kms.close(), transit.close()]);",
    test: waysTest,
  },
  {
    what: "Vault's own authorities are not trusted",
    file: open,
    find: "    ca,\n    caOption",
    replace: "    caOption",
    test: openTest,
  },
  {
    what: "requests go to the root namespace of Vault",
    file: open,
    find: '    namespace: settings["vault-namespace"],\n',
    replace: "",
    test: openTest,
  },
  {
    what: "a file that holds no certificate is trusted for nothing",
    file: "controller/key-services/vault-ca.ts",
    find: "if (certificates.length === 0 || !certificates.every(isCertificate)) {",
    replace: "if (!certificates.every(isCertificate)) {",
    test: openTest,
  },
  {
    what: "each failure of a key is a line of the log",
    file: watch,
    find: "const isNews = toldAtMs === null || now - toldAtMs >= TOLD_AGAIN_MS;",
    replace: "const isNews = toldAtMs === null || now >= toldAtMs;",
    test: watchTest,
  },
  {
    what: "a refusal is told as mended whenever it is tried again",
    file: watch,
    find: 'before.toldAtMs !== null && kindOf(before.fault) === "passing"',
    replace: "before.toldAtMs !== null",
    test: watchTest,
  },
  {
    what: "a key that nobody uses any more counts as failing for ever",
    file: watch,
    find: "closedUntilMs !== null && now < closedUntilMs + GRACE_MS;",
    replace: "closedUntilMs !== null && now >= 0;",
    test: watchTest,
  },
  {
    what: "a data key that does not belong there counts as opened",
    file: metered,
    find: 'return answer === null ? "not-authentic" : "ok";',
    replace: 'return answer === undefined ? "not-authentic" : "ok";',
    test: meteredTest,
  },
  {
    what: "what we gave up waiting for counts as an outage",
    file: metered,
    find: 'if (signal.aborted) told("aborted");\n    else told(',
    replace: "told(",
    test: meteredTest,
  },
  {
    what: "an outage counts as something that people must mend",
    file: failure,
    find: "stalled: !retryable,",
    replace: "stalled: retryable || !retryable,",
    test: failureTest,
  },
  {
    what: "a key that is not allowed is told as one that a service refuses",
    file: failure,
    find: '"not-allowed": "KeyNotAllowed",',
    replace: '"not-allowed": "KeyServiceRefused",',
    test: failureTest,
  },
  {
    what: "objects come back by their own backoff, not when the gate opens",
    file: failure,
    find: "...(retryAfterMs === null ? {} : { retryInMs: retryAfterMs }),",
    replace: "",
    test: failureTest,
  },
  {
    what: "each object logs each of its retries",
    file: reconciler,
    find: "if (failure.isShared !== true) logFailure(failure);",
    replace: "logFailure(failure);",
    test: outageTest,
    named: "kms: an outage leaves what is in sync alone, and ends by itself",
  },
  {
    what: "an outage of a key service is an unforeseen error, told by no condition",
    file: reconciler,
    find: "      if (error instanceof KeyServiceError) return failed(keyServiceFailure(error));\n",
    replace: "",
    test: outageTest,
    named: "kms: an outage leaves what is in sync alone, and ends by itself",
  },
  {
    what: "in an outage a Secret that is gone is told to stand",
    file: "controller/reconcile/conditions.ts",
    find: "stood && !secretGone ?",
    replace: "stood ?",
    test: outageTest,
    named: "a Secret that was deleted in an outage is not told to stand, and comes back",
  },
  {
    what: "whoever waits for a key service holds his place",
    file: leading,
    find: "keyServices: lendingPlaces(services, queue)",
    replace: "keyServices: services",
    test: outageTest,
    named: "tenants whose key hangs hold up no other one",
  },
  {
    what: "whoever reads from Vault holds his place",
    file: leading,
    find: "whileWaiting: (wait) => queue.lendPlace(wait),",
    replace: "whileWaiting: (wait) => wait(),",
    test: "test/controller/vault-kv/hanging-vault.test.ts",
    named: "objects that wait for a Vault that hangs hold up no other namespace",
  },
  {
    what: "a place that was lent stays lent",
    file: workqueue,
    find: "      this.#lent -= 1;\n",
    replace: "",
    test: lendTest,
  },
  {
    what: "a place that was lent is taken at the next occasion only",
    file: workqueue,
    find: "    this.#lent += 1;\n    this.#idle.shift()?.();\n",
    replace: "    this.#lent += 1;\n",
    test: lendTest,
  },
];
