import { LOG_LEVELS, type LogLevel } from "./log.ts";
import {
  choice,
  duration,
  environmentName,
  flag,
  list,
  number,
  type OptionValues,
  pairs,
  readOptions,
  text,
} from "./option-reader.ts";

const HOUR_MS = 3_600_000;

/**
 * Every option once: name, unit, default, check. Names and defaults that the reference has are the same here; each
 * can be set by its environment variable too.
 */
const OPTIONS = {
  "key-prefix": {
    ...text("sealed-secrets-key", "Prefix of the names of sealing-key Secrets"),
    read: (value: string) => (/^[a-z0-9-]{1,244}$/.test(value) ? value : null),
    form: "at most 244 of a-z, 0-9 and '-'",
  },
  "key-size": number(4096, "Length of new RSA keys in bits", { min: 2048, max: 16384 }),
  "key-ttl": duration(87600 * HOUR_MS, "Validity of the certificates of new keys", {
    minMs: HOUR_MS,
    // A thousand years: certificates know no year of five digits.
    maxMs: 8_766_000 * HOUR_MS,
  }),
  "my-cn": text("", "Common name in the certificates of new keys"),
  "key-renew-period": duration(
    720 * HOUR_MS,
    "Age of the newest key at which a new one is made; 0 for never",
    { minMs: 1000, orZero: true },
  ),
  "key-order-priority": choice(
    ["CertNotBefore", "SecretCreationTimestamp"],
    "CertNotBefore",
    "What tells the newest key: its certificate's begin or its Secret's creation",
  ),
  "privatekey-annotations": pairs("Annotations of the Secrets of new keys"),
  "privatekey-labels": pairs("Labels of the Secrets of new keys"),
  "accept-deprecated-v1-data": flag(true, "Open the old whole-object form, spec.data"),
  "all-namespaces": flag(true, "Serve all namespaces, else the controller's own"),
  "additional-namespaces": list("Serve the controller's own namespace and these, and no others"),
  "label-selector": text("", "Serve only SealedSecrets with these labels"),
  "skip-recreate": flag(
    false,
    "Do not watch Secrets: changed and deleted ones stay so until the next reconcile",
  ),
  "update-status": flag(true, "Write the status of SealedSecrets"),
  "rate-limit": number(2, "Requests a second to /v1/verify and to /v1/rotate, for each peer", { min: 1 }),
  "rate-limit-burst": number(2, "Requests above that rate that are let pass at once", { min: 0 }),
  "metrics-omit-secret-labels": flag(false, "Leave names of objects and namespaces out of the metrics"),
  "kubeclient-qps": number(-1, "Requests a second to the API server; negative for no limit", {
    min: Number.MIN_SAFE_INTEGER,
    whole: false,
  }),
  "kubeclient-burst": number(10, "Requests above that rate that are sent at once", { min: 0 }),
  "listen-addr": address(":8080", "Address of the HTTP API and the health checks"),
  "listen-metrics-addr": address(":8081", "Address of the metrics"),
  "read-timeout": duration(120_000, "Time for a client to send its request", { minMs: 1000 }),
  "write-timeout": duration(120_000, "Time to answer a request", { minMs: 1000 }),
  "log-level": choice(Object.keys(LOG_LEVELS) as LogLevel[], "INFO", "Least important lines that are logged"),
  "log-format": choice(["text", "json"], "text", "Form of the log lines"),
  "log-info-stdout": flag(true, "Log up to INFO on standard output, the rest on standard error"),
  // Ours:
  kubeconfig: text("", "Kubeconfig to use instead of the Pod's own credentials"),
  context: text("", "Context of that kubeconfig"),
  "cluster-id": text("", "Identity of this cluster; default: the uid of the namespace kube-system"),
  concurrency: number(8, "SealedSecrets that are worked on at once", { min: 1, max: 256 }),
  "repair-drift": flag(
    true,
    "Put Secrets right that somebody else changed, else only those that were deleted",
  ),
  "allowed-secret-types": list("Secret types to permit that hand out credentials by their mere creation"),
  "allowed-annotations": list(
    "Annotations to permit that make other controllers copy a Secret; * at the end",
  ),
  templates: flag(true, "Run the templates of SealedSecrets (spec.template.data)"),
  "allow-nondeterministic-templates": flag(
    false,
    "Let templates use functions that are random, read the clock or are costly: they rewrite the Secret at each turn",
  ),
  "metrics-auth": flag(false, "Let read the metrics only who the API server allows get on /metrics"),
  "verify-endpoint": flag(true, "Serve /v1/verify"),
  "rotate-endpoint": flag(true, "Serve /v1/rotate"),
  help: flag(false, "Print this list"),
  version: flag(false, "Print the version"),
};

/** The controller's options as read; durations in milliseconds. */
export type Options = OptionValues<typeof OPTIONS>;

/**
 * Reads the options from the command line and the environment.
 * @throws UsageError naming what is wrong.
 */
export function readControllerOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Options {
  return readOptions(OPTIONS, args, environment);
}

/** The text of `--help`. */
export function optionsHelp(): string {
  const lines = Object.entries(OPTIONS).map(
    ([name, { form, help, fallback }]) =>
      `  --${name}\n        ${help} (${form}; ${shown(fallback, form)}; ${environmentName(name)})`,
  );
  return `Usage: controller [OPTION ...]\n\nOpens SealedSecrets and keeps their Secrets in step.\n\n${lines.join("\n")}\n`;
}

/** A default as it would be typed. */
function shown(fallback: unknown, form: string): string {
  if (typeof fallback === "object" || fallback === "") return "default none";
  if (typeof fallback !== "number" || !form.includes("duration")) return `default ${String(fallback)}`;
  return `default ${fallback % HOUR_MS === 0 ? `${fallback / HOUR_MS}h` : `${fallback / 1000}s`}`;
}

function address(fallback: string, help: string) {
  const read = (value: string) => {
    const port = /^(?:\[[0-9a-fA-F:.]+\]|[^:\s[\]]*):(\d{1,5})$/.exec(value)?.[1];
    return port !== undefined && Number(port) <= 65_535 ? value : null;
  };
  return { ...text(fallback, help), read, form: "HOST:PORT or :PORT" };
}
