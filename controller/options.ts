import { UsageError } from "../shared/errors.ts";
import { KEY_SERVICE_OPTIONS } from "./key-service-options.ts";
import { LOG_LEVELS, type LogLevel } from "./log.ts";
import {
  annotationPairs,
  choice,
  duration,
  environmentName,
  flag,
  labelPairs,
  labelSelector,
  list,
  namespaceList,
  number,
  type OptionSpec,
  type OptionValues,
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
  "key-renew-period": {
    ...duration(720 * HOUR_MS, "Age of the newest key at which a new one is made; 0 for never", {
      minMs: 1000,
      orZero: true,
    }),
    formerly: "rotate-period",
  },
  "key-cutoff-time": {
    ...text("", "A new key is made at the start if the newest is older than this moment"),
    fallback: 0,
    shown: "none",
    // Milliseconds since 1970; 0 for none.
    read: (value: string) => (value === "" ? 0 : parseMailDate(value)),
    form: "a moment as date -R prints it, such as Mon, 02 Jan 2006 15:04:05 -0700",
  },
  "key-order-priority": choice(
    ["CertNotBefore", "SecretCreationTimestamp"],
    "CertNotBefore",
    "What tells the newest key: its certificate's begin or its Secret's creation",
  ),
  "require-backup": flag(
    false,
    "A new key seals once its backup is confirmed, unless no other key could seal",
  ),
  "privatekey-annotations": annotationPairs("Annotations of the Secrets of new keys"),
  "privatekey-labels": labelPairs("Labels of the Secrets of new keys"),
  "accept-deprecated-v1-data": flag(true, "Open the old whole-object form, spec.data"),
  "all-namespaces": flag(true, "Serve all namespaces, else the controller's own"),
  "additional-namespaces": namespaceList("Serve the controller's own namespace and these, and no others"),
  "label-selector": labelSelector("Serve only SealedSecrets with these labels"),
  "skip-recreate": flag(
    false,
    "Do not watch Secrets: changed and deleted ones stay so until the next reconcile",
  ),
  "watch-for-secrets": flag(true, "Accepted for compatibility: sealing keys are always watched"),
  "max-unseal-retries": number(5, "Accepted for compatibility: what fails is tried again for ever", {
    min: 0,
  }),
  "old-gc-behavior": flag(
    false,
    "Delete the Secret of a SealedSecret that is gone ourselves, instead of leaving it to the cluster",
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
  "log-level": {
    ...choice(Object.keys(LOG_LEVELS) as LogLevel[], "INFO", "Least important lines that are logged"),
    read: parseLogLevel,
    form: "DEBUG or INFO or WARN or ERROR, or one with a distance such as INFO+2",
  },
  "log-format": choice(["text", "json"], "text", "Form of the log lines"),
  "log-info-stdout": flag(true, "Log up to INFO on standard output, the rest on standard error"),
  // Ours:
  "shutdown-delay": duration(0, "How long the HTTP API goes on answering after SIGTERM", {
    minMs: 0,
    maxMs: HOUR_MS,
  }),
  kubeconfig: text("", "Kubeconfig to use instead of the Pod's own credentials"),
  context: text("", "Context of that kubeconfig"),
  "cluster-id": text(
    "",
    "Identity of this cluster; default: the uid of the namespace kube-system; none: not to be asked for",
  ),
  concurrency: number(8, "SealedSecrets that are worked on at once", { min: 1, max: 256 }),
  "repair-drift": flag(
    true,
    "Put Secrets right that somebody else changed, else only those that were deleted",
  ),
  "opening-check-period": duration(
    24 * HOUR_MS,
    "In which each SealedSecret in sync is checked once whether it still opens; 0 for never",
    { minMs: 60_000, orZero: true },
  ),
  "leader-elect": flag(true, "Work only while holding a Lease, so that several replicas can run"),
  "lease-name": {
    ...text("sealed-secrets-controller", "Name of that Lease, in the controller's own namespace"),
    read: (value: string) => (/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(value) ? value : null),
    form: "a name of small letters, digits, '-' and '.'",
  },
  "lease-duration": duration(15_000, "How long a leader that went silent is waited for", {
    minMs: 3000,
    maxMs: HOUR_MS,
  }),
  "lease-renew-deadline": duration(10_000, "How long a leader that cannot renew its Lease goes on working", {
    minMs: 2000,
  }),
  "lease-retry-period": duration(2_000, "Pause between two tries to get or to renew the Lease", {
    minMs: 500,
  }),
  "adopt-namespaces": namespaceList(
    "Namespaces whose SealedSecrets may take over Secrets that do not say so themselves; * for all",
    { orAll: true },
  ),
  "secret-labels": labelPairs("Labels of every Secret that is made; a template may override them"),
  "secret-annotations": annotationPairs(
    "Annotations of every Secret that is made; a template may override them",
  ),
  "forbid-own-namespace": flag(false, "Refuse SealedSecrets in the controller's own namespace"),
  "denied-metadata": list("Labels and annotations that no template may set; * at the end"),
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
  ...KEY_SERVICE_OPTIONS,
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
  const options = readOptions(OPTIONS, args, environment);
  const { "lease-duration": lease, "lease-renew-deadline": deadline, "lease-retry-period": retry } = options;
  // A leader must have stopped before another one may begin, and have tried more than once by then.
  if (lease <= deadline || deadline <= 1.2 * retry) {
    throw new UsageError(
      "--lease-duration, --lease-renew-deadline and --lease-retry-period do not fit together",
      "each must be longer than the next, the second by more than a fifth",
    );
  }
  return options;
}

/** The text of `--help`. */
export function optionsHelp(): string {
  const lines = Object.entries(OPTIONS).map(
    ([name, spec]: [string, OptionSpec<unknown>]) =>
      `  --${name}\n        ${spec.help} (${spec.form}; default ${shown(spec)}; ${environmentName(name)}${formerName(spec)})`,
  );
  return `Usage: controller [OPTION ...]\n\nOpens SealedSecrets and keeps their Secrets in step.\n\n${lines.join("\n")}\n`;
}

/** A default as it would be typed. */
function shown({ fallback, form, shown: words }: OptionSpec<unknown>): string {
  if (words !== undefined) return words;
  if (typeof fallback === "object" || fallback === "") return "none";
  if (typeof fallback !== "number" || !form.includes("duration")) return String(fallback);
  return fallback % HOUR_MS === 0 ? `${fallback / HOUR_MS}h` : `${fallback / 1000}s`;
}

function formerName({ formerly }: OptionSpec<unknown>): string {
  return formerly === undefined ? "" : `; formerly --${formerly}`;
}

/** The moment in a text of RFC 1123 with a numeric zone, in ms since 1970; null when it is none. */
function parseMailDate(text: string): number | null {
  const form = /^(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} [+-]\d{4}$/;
  const ms = form.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}

/**
 * The least level that a text lets through. The levels of Go's slog lie 4 apart, and a distance may be given: INFO+2 lets
 * WARN and more pass. Null when it is none, or lets nothing pass.
 */
function parseLogLevel(text: string): LogLevel | null {
  const levels = Object.keys(LOG_LEVELS) as LogLevel[];
  const [, word = "", distance = "0"] = /^([a-z]+)([+-]\d{1,3})?$/i.exec(text) ?? [];
  const index = levels.indexOf(word.toUpperCase() as LogLevel);
  if (index === -1) return null;
  return levels[Math.max(0, Math.ceil(index + Number(distance) / 4))] ?? null;
}

function address(fallback: string, help: string) {
  const read = (value: string) => {
    const port = /^(?:\[[0-9a-fA-F:.]+\]|[^:\s[\]]*):(\d{1,5})$/.exec(value)?.[1];
    return port !== undefined && Number(port) <= 65_535 ? value : null;
  };
  return { ...text(fallback, help), read, form: "HOST:PORT or :PORT" };
}
