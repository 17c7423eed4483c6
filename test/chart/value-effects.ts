/** A value of the chart, something to set it to, and what then shows in the objects (as JSON), which did not before. */
export type ValueEffect = {
  /** Path of the value, joined by dots. */
  path: string;
  value: unknown;
  /** What else must be set for it to have an effect. */
  given?: Record<string, unknown>;
} & ({ shows: string } | { hides: string } | { fails: RegExp });

/** Values that can mean nothing here; the notes of an installation name each that is set. */
export const withoutEffect: Readonly<Record<string, unknown>> = {
  watchForSecrets: true,
  maxRetries: 7,
  "rbac.pspEnabled": true,
};

const on = { enabled: true };
const marks = { "example.com/x": "shown" };
const marked = '"example.com/x":"shown"';
const monitor = { metrics: { serviceMonitor: on } };
const rule = { metrics: { prometheusRule: on } };
const dashboards = { metrics: { dashboards: { create: true } } };
const ingress = { ingress: { ...on, annotations: { "cert-manager.io/issuer": "x" } } };
const policy = { admissionPolicy: on };
const metricsAuth = { metricsAuth: true };
const network = { networkPolicy: { enabled: true, egress: on } };
const vault = { vault: { address: "https://vault.example" } };
const vaultRole = { vault: { ...vault.vault, auth: { role: "signet" } } };
const nodePort = { service: { type: "NodePort" }, metrics: { service: { type: "NodePort" } } };
const roles = { additionalNamespaces: ["team-a"], rbac: { namespacedRoles: true } };
const group = [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "shown" }];
const peer = [{ namespaceSelector: { matchLabels: { shown: "yes" } } }];
const pem = [{ name: "shown", certificate: "a", key: "b" }];

/** A row for a value that shows as an option of the controller. */
const option = (path: string, value: unknown, shows: string): ValueEffect => ({
  path,
  value,
  shows: `"--${shows}"`,
});
/** A row for a value that shows as something else. */
const shows = (
  path: string,
  value: unknown,
  text: string,
  given: Record<string, unknown> = {},
): ValueEffect => ({ path, value, shows: text, given });
const hides = (
  path: string,
  value: unknown,
  text: string,
  given: Record<string, unknown> = {},
): ValueEffect => ({ path, value, hides: text, given });

/** A row for each value that has an effect. */
export const valueEffects: readonly ValueEffect[] = [
  { path: "kubeVersion", value: "1.29.0", given: policy, fails: /admissionPolicy needs Kubernetes 1\.30/ },
  shows("nameOverride", "shown", '"app.kubernetes.io/name":"shown"'),
  shows("fullnameOverride", "shown", '"name":"shown-metrics"'),
  shows("namespace", "shown", '"namespace":"shown"'),
  shows("commonLabels", marks, marked),
  shows("commonAnnotations", marks, marked),
  shows("extraDeploy", ["{apiVersion: v1, kind: X, metadata: {name: shown}}"], '"kind":"X"'),
  shows("image.registry", "shown.example.com", '"image":"shown.example.com/signet-dev/'),
  shows("image.repository", "our/shown", '"image":"ghcr.io/our/shown:'),
  shows("image.tag", "shown", 'signet-controller:shown"'),
  shows("image.digest", `sha256:${"0".repeat(64)}`, "signet-controller@sha256:000"),
  shows("image.pullPolicy", "Always", '"imagePullPolicy":"Always"'),
  shows("image.pullSecrets", ["shown"], '"imagePullSecrets":[{"name":"shown"}]'),
  hides("createController", false, '"kind":"Deployment"'),
  shows("replicaCount", 2, '"replicas":2'),
  shows("revisionHistoryLimit", 0, '"revisionHistoryLimit":0'),
  shows("updateStrategy.type", "Recreate", '"type":"Recreate"', { updateStrategy: { rollingUpdate: null } }),
  shows("updateStrategy.rollingUpdate.maxSurge", 1, '"maxSurge":1'),
  shows("updateStrategy.rollingUpdate.maxUnavailable", 0, '"maxUnavailable":0'),
  shows("minReadySeconds", 9, '"minReadySeconds":9'),
  shows("terminationGracePeriodSeconds", 99, '"terminationGracePeriodSeconds":99'),
  shows("command", ["shown"], '"command":["shown"]'),
  shows("args", ["--only"], '"args":["--only"]'),
  option("extraArgs", ["--read-timeout=9s"], "read-timeout=9s"),
  shows("extraEnv", [{ name: "SHOWN", value: "1" }], '"env":[{"name":"SHOWN"'),
  option("secretName", "shown", "key-prefix=shown"),
  option("keyrenewperiod", "0", "key-renew-period=0"),
  option("keyttl", "8760h00m00s", "key-ttl=8760h00m00s"),
  option(
    "keycutofftime",
    "Mon, 14 Oct 2024 21:45:30 +0200",
    "key-cutoff-time=Mon, 14 Oct 2024 21:45:30 +0200",
  ),
  option("keySize", 3072, "key-size=3072"),
  option("myCN", "shown", "my-cn=shown"),
  option("keyOrderPriority", "SecretCreationTimestamp", "key-order-priority=SecretCreationTimestamp"),
  option("privateKeyAnnotations", { b: "2", a: "1" }, "privatekey-annotations=a=1,b=2"),
  option("privateKeyLabels", { a: "1" }, "privatekey-labels=a=1"),
  option("clusterId", "shown", "cluster-id=shown"),
  option("allNamespaces", false, "all-namespaces=false"),
  option("additionalNamespaces", ["a", "b"], "additional-namespaces=a,b"),
  option("labelSelector", "a=b", "label-selector=a=b"),
  option("updateStatus", false, "update-status=false"),
  option("skipRecreate", true, "skip-recreate=true"),
  option("repairDrift", false, "repair-drift=false"),
  option("oldGcBehavior", true, "old-gc-behavior=true"),
  option("acceptDeprecatedV1Data", false, "accept-deprecated-v1-data=false"),
  option("concurrency", 4, "concurrency=4"),
  option("adoptNamespaces", ["a", "*"], "adopt-namespaces=a,*"),
  option("forbidOwnNamespace", true, "forbid-own-namespace=true"),
  option("allowedSecretTypes", ["a", "b"], "allowed-secret-types=a,b"),
  option("allowedAnnotations", ["a/*"], "allowed-annotations=a/*"),
  option("deniedMetadata", ["a/*"], "denied-metadata=a/*"),
  option("secretLabels", { a: "1" }, "secret-labels=a=1"),
  option("secretAnnotations", { a: "1" }, "secret-annotations=a=1"),
  option("templates", false, "templates=false"),
  option("allowNondeterministicTemplates", true, "allow-nondeterministic-templates=true"),
  option("leaderElection.enabled", false, "leader-elect=false"),
  option("leaderElection.leaseName", "shown", "lease-name=shown"),
  option("leaderElection.leaseDuration", "30s", "lease-duration=30s"),
  option("leaderElection.renewDeadline", "9s", "lease-renew-deadline=9s"),
  option("leaderElection.retryPeriod", "1s", "lease-retry-period=1s"),
  option("kms.allowedKeys", ["arn:aws:kms:a:1:key/shown"], "kms-allowed-keys=arn:aws:kms:a:1:key/shown"),
  option("vault.address", "https://shown:8200", "vault-addr=https://shown:8200"),
  option("vault.namespace", "shown", "vault-namespace=shown"),
  option("vault.allowedKeys", ["a/b", "c/{namespace}"], "vault-allowed-keys=a/b,c/{namespace}"),
  option("vault.redirectAddresses", ["https://a", "https://b"], "vault-redirect-addrs=https://a,https://b"),
  shows(
    "vault.ca.configMap",
    "shown",
    '"configMap":{"items":[{"key":"ca.crt","path":"ca.crt"}],"name":"shown"}',
    vault,
  ),
  shows("vault.ca.secret", "shown", '"--vault-ca-file=/var/run/secrets/signet.dev/vault-ca/ca.crt"', vault),
  shows("vault.ca.key", "shown.pem", '"key":"shown.pem"', { vault: { ...vault.vault, ca: { secret: "x" } } }),
  option("vault.auth.method", "token-file", "vault-auth-method=token-file"),
  option("vault.auth.mount", "shown", "vault-auth-mount=shown"),
  shows("vault.auth.role", "shown", '"--vault-jwt-file=/var/run/secrets/signet.dev/vault/token"', vault),
  shows("vault.auth.audience", "shown", '"serviceAccountToken":{"audience":"shown"', vaultRole),
  option("vault.auth.tokenFile", "/shown", "vault-token-file=/shown"),
  option("rateLimit", 1_000_000, "rate-limit=1000000"),
  option("rateLimitBurst", "0", "rate-limit-burst=0"),
  option("readTimeout", "9s", "read-timeout=9s"),
  option("writeTimeout", "9s", "write-timeout=9s"),
  option("shutdownDelay", "9s", "shutdown-delay=9s"),
  option("verifyEndpoint", false, "verify-endpoint=false"),
  option("rotateEndpoint", false, "rotate-endpoint=false"),
  option("metricsOmitSecretLabels", true, "metrics-omit-secret-labels=true"),
  option("metricsAuth", true, "metrics-auth=true"),
  option("logInfoStdout", false, "log-info-stdout=false"),
  option("logLevel", "DEBUG", "log-level=DEBUG"),
  option("logFormat", "json", "log-format=json"),
  option("kubeClientQPS", "-1", "kubeclient-qps=-1"),
  option("kubeClientBurst", 99, "kubeclient-burst=99"),
  ...["liveness", "readiness", "startup"].flatMap((kind): ValueEffect[] => {
    const probe = `${kind}Probe`;
    const given = { startupProbe: on };
    const custom = `custom${kind[0]?.toUpperCase()}${kind.slice(1)}Probe`;
    return [
      kind === "startup"
        ? shows(`${probe}.enabled`, true, '"startupProbe"')
        : hides(`${probe}.enabled`, false, `"${probe}"`),
      ...[
        "initialDelaySeconds",
        "periodSeconds",
        "timeoutSeconds",
        "failureThreshold",
        "successThreshold",
      ].map((field) => shows(`${probe}.${field}`, 77, `"${field}":77`, given)),
      shows(custom, { tcpSocket: { port: 1 } }, `"${probe}":{"tcpSocket":{"port":1}}`, {
        [probe]: { enabled: false },
      }),
    ];
  }),
  shows("resources.requests", { cpu: "77m" }, '"cpu":"77m"'),
  shows("resources.requests.cpu", "77m", '"cpu":"77m"'),
  shows("resources.requests.memory", "77Mi", '"memory":"77Mi"'),
  shows("resources.limits", { memory: "77Mi" }, '"memory":"77Mi"'),
  shows("resources.limits.memory", "77Mi", '"memory":"77Mi"'),
  hides("podSecurityContext.enabled", false, '"fsGroup"'),
  hides("podSecurityContext.runAsNonRoot", null, '"runAsNonRoot"'),
  shows("podSecurityContext.runAsUser", 7, '"runAsUser":7'),
  shows("podSecurityContext.runAsGroup", 7, '"runAsGroup":7'),
  shows("podSecurityContext.fsGroup", 7, '"fsGroup":7'),
  shows("podSecurityContext.seccompProfile.type", "Unconfined", '"seccompProfile":{"type":"Unconfined"}'),
  hides("containerSecurityContext.enabled", false, '"capabilities"'),
  shows("containerSecurityContext.runAsNonRoot", false, '"runAsNonRoot":false'),
  shows("containerSecurityContext.runAsUser", 7, '"runAsUser":7'),
  shows("containerSecurityContext.allowPrivilegeEscalation", true, '"allowPrivilegeEscalation":true'),
  shows("containerSecurityContext.readOnlyRootFilesystem", false, '"readOnlyRootFilesystem":false'),
  shows("containerSecurityContext.capabilities.drop", ["SHOWN"], '"drop":["SHOWN"]'),
  shows("podLabels", marks, marked),
  shows("podAnnotations", marks, marked),
  shows("priorityClassName", "shown", '"priorityClassName":"shown"'),
  shows("runtimeClassName", "shown", '"runtimeClassName":"shown"'),
  shows("affinity", { nodeAffinity: {} }, '"affinity":{"nodeAffinity":{}}'),
  shows("podAntiAffinity", "hard", '"requiredDuringScheduling', { replicaCount: 2 }),
  shows(
    "topologySpreadConstraints",
    [{ maxSkew: 7 }],
    '"topologySpreadConstraints":[{"labelSelector":{"matchLabels"',
  ),
  shows("nodeSelector", { shown: "yes" }, '"nodeSelector":{"shown":"yes"}'),
  shows("tolerations", [{ operator: "Exists" }], '"tolerations":[{"operator":"Exists"}]'),
  shows("additionalVolumes", [{ name: "shown", emptyDir: {} }], '{"emptyDir":{},"name":"shown"}'),
  shows("additionalVolumeMounts", [{ name: "shown", mountPath: "/s" }], '{"mountPath":"/s","name":"shown"}'),
  shows("hostNetwork", true, '"hostNetwork":true'),
  shows("hostUsers", false, '"hostUsers":false'),
  option("containerPorts.http", 18080, "listen-addr=:18080"),
  option("containerPorts.metrics", 18081, "listen-metrics-addr=:18081"),
  shows("hostPorts.http", 18080, '"hostPort":18080'),
  shows("hostPorts.metrics", 18081, '"hostPort":18081'),
  shows("dnsPolicy", "Default", '"dnsPolicy":"Default"'),
  ...["service", "metrics.service"].flatMap((service): ValueEffect[] => [
    shows(`${service}.type`, "LoadBalancer", '"type":"LoadBalancer"'),
    shows(`${service}.port`, 77, '"port":77'),
    shows(`${service}.nodePort`, 30777, '"nodePort":30777', nodePort),
    shows(`${service}.loadBalancerClass`, "shown", '"loadBalancerClass":"shown"'),
    shows(`${service}.labels`, marks, marked),
    shows(`${service}.annotations`, marks, marked),
  ]),
  shows("ingress.enabled", true, '"kind":"Ingress"'),
  shows("ingress.apiVersion", "networking.k8s.io/v9", '"networking.k8s.io/v9"', ingress),
  shows("ingress.ingressClassName", "shown", '"ingressClassName":"shown"', ingress),
  shows("ingress.hostname", "shown.example.com", '"host":"shown.example.com"', ingress),
  shows("ingress.path", "/shown", '"path":"/shown"', ingress),
  shows("ingress.pathType", "Exact", '"pathType":"Exact"', ingress),
  shows("ingress.annotations", marks, marked, ingress),
  shows("ingress.tls", true, '"secretName":"sealed-secrets.local-tls"', ingress),
  shows("ingress.selfSigned", true, '"tls.crt"', { ingress: { enabled: true, tls: true } }),
  shows("ingress.extraHosts", [{ name: "shown" }], '"host":"shown"', ingress),
  shows("ingress.extraPaths", [{ path: "/shown" }], '"path":"/shown"', ingress),
  shows("ingress.extraTls", [{ secretName: "shown" }], '"secretName":"shown"', ingress),
  shows("ingress.secrets", pem, '"tls.crt":"YQ=="', ingress),
  shows("networkPolicy.enabled", true, '"kind":"NetworkPolicy"'),
  shows("networkPolicy.httpFrom", peer, '"shown":"yes"', network),
  shows("networkPolicy.metricsFrom", peer, '"shown":"yes"', network),
  shows("networkPolicy.egress.enabled", true, '"Egress"', { networkPolicy: on }),
  shows("networkPolicy.egress.kubeapiCidr", "10.0.0.1/32", '"cidr":"10.0.0.1/32"', network),
  shows("networkPolicy.egress.kubeapiPort", "7777", '"port":7777', network),
  shows("networkPolicy.egress.rules", [{ to: peer }], '"shown":"yes"', network),
  hides("serviceAccount.create", false, '"kind":"ServiceAccount","metadata"'),
  shows("serviceAccount.name", "shown", '"serviceAccountName":"shown"'),
  shows("serviceAccount.labels", marks, marked),
  shows("serviceAccount.annotations", marks, marked),
  hides("rbac.create", false, '"kind":"Role"'),
  hides("rbac.clusterRole", false, '"kind":"ClusterRole'),
  shows("rbac.clusterRoleName", "shown", '"kind":"ClusterRole","name":"shown"'),
  hides("rbac.namespacedRoles", true, '"kind":"ClusterRole', { additionalNamespaces: ["team-a"] }),
  shows("rbac.namespacedRolesName", "shown", '"kind":"Role","name":"shown"', roles),
  hides("rbac.deleteSecrets", false, '"delete"'),
  shows("rbac.labels", marks, marked),
  hides("rbac.serviceProxier.create", false, "services/proxy"),
  hides("rbac.serviceProxier.bind", false, '"kind":"Role","name":"sealed-secrets-service-proxier"'),
  shows("rbac.serviceProxier.subjects", group, '"name":"shown"'),
  hides("rbac.certificateReader.create", false, "certificate-reader"),
  shows("rbac.certificateReader.subjects", group, '"name":"shown"'),
  shows("admissionPolicy.enabled", true, '"kind":"ValidatingAdmissionPolicy"'),
  shows("admissionPolicy.failurePolicy", "Ignore", '"failurePolicy":"Ignore"', policy),
  shows("admissionPolicy.validationActions", ["Warn"], '"validationActions":["Warn"]', policy),
  shows("admissionPolicy.namespaceSelector", { matchLabels: { a: "shown" } }, '{"a":"shown"}', policy),
  shows("admissionPolicy.forbiddenTypes", ["shown"], '[\\"shown\\"]', policy),
  shows("admissionPolicy.forbiddenLabels", ["shown"], 'key == \\"shown\\"', policy),
  shows("admissionPolicy.forbiddenAnnotations", ["shown*"], 'key.startsWith(\\"shown\\")', policy),
  shows("admissionPolicy.scopes", ["strict"], ': [\\"strict\\"]', policy),
  shows("admissionPolicy.scopesLabel", "shown", '\\"shown\\" in namespaceObject', policy),
  hides("admissionPolicy.allowWholeObjectForm", true, "has(object.spec.data)", policy),
  shows("metrics.readers", group, '"nonResourceURLs":["/metrics"]', metricsAuth),
  shows("metrics.serviceMonitor.enabled", true, '"kind":"ServiceMonitor"'),
  shows("metrics.serviceMonitor.namespace", "shown", '"namespace":"shown"', monitor),
  shows("metrics.serviceMonitor.labels", marks, marked, monitor),
  shows("metrics.serviceMonitor.annotations", marks, marked, monitor),
  shows("metrics.serviceMonitor.interval", "77s", '"interval":"77s"', monitor),
  shows("metrics.serviceMonitor.scrapeTimeout", "7s", '"scrapeTimeout":"7s"', monitor),
  shows("metrics.serviceMonitor.honorLabels", false, '"honorLabels":false', monitor),
  shows(
    "metrics.serviceMonitor.authorization",
    { type: "Shown" },
    '"authorization":{"type":"Shown"}',
    monitor,
  ),
  shows("metrics.serviceMonitor.metricRelabelings", [{ a: 1 }], '"metricRelabelings":[{"a":1}]', monitor),
  shows("metrics.serviceMonitor.relabelings", [{ a: 1 }], '"relabelings":[{"a":1}]', monitor),
  shows("metrics.prometheusRule.enabled", true, '"kind":"PrometheusRule"'),
  shows("metrics.prometheusRule.namespace", "shown", '"namespace":"shown"', rule),
  shows("metrics.prometheusRule.labels", marks, marked, rule),
  shows("metrics.prometheusRule.annotations", marks, marked, rule),
  shows("metrics.prometheusRule.groups", [{ name: "shown" }], '"groups":[{"name":"shown"}]', rule),
  shows("metrics.dashboards.create", true, '"kind":"ConfigMap"'),
  shows("metrics.dashboards.namespace", "shown", '"namespace":"shown"', dashboards),
  shows("metrics.dashboards.labels", marks, marked, dashboards),
  shows("metrics.dashboards.annotations", marks, marked, dashboards),
  shows("pdb.create", true, '"kind":"PodDisruptionBudget"'),
  shows("pdb.minAvailable", "50%", '"minAvailable":"50%"', { pdb: { create: true } }),
  shows("pdb.maxUnavailable", 0, '"spec":{"maxUnavailable":0,', { pdb: { create: true } }),
];
