import assert from "node:assert/strict";
import { test } from "node:test";
import { environmentName } from "../../controller/option-reader.ts";
import { type Options, optionsHelp, readControllerOptions } from "../../controller/options.ts";
import { UsageError } from "../../shared/errors.ts";
import { keyServiceRows } from "./key-service-rows.ts";

const HOUR = 3_600_000;
type Row = { name: keyof Options; fallback: unknown; good: [string, unknown][]; bad: string[] };
const truth: [string, unknown][] = [
  ["true", true],
  ["1", true],
  ["false", false],
  ["F", false],
];
const notTruth = ["", "yes", "on", "tRUE", "2"];
const addresses: [string, unknown][] = [
  [":9090", ":9090"],
  ["127.0.0.1:0", "127.0.0.1:0"],
  ["[::1]:8080", "[::1]:8080"],
  ["localhost:80", "localhost:80"],
];
const notAddresses = ["", "8080", ":", "::1:80", "host", "host:http", ":-1", ":123456"];
const words = (fallback: string[]): Pick<Row, "fallback" | "good" | "bad"> => ({
  fallback,
  good: [
    ["a", ["a"]],
    ["a,b", ["a", "b"]],
    [" a , ,b,", ["a", "b"]],
    ["", []],
  ],
  bad: [],
});
const namespaces: Pick<Row, "fallback" | "good" | "bad"> = {
  ...words([]),
  good: [...words([]).good, ["a-1", ["a-1"]], ["x".repeat(63), ["x".repeat(63)]]],
  bad: ["A", "a_b", "a b", "a,-b", "a.b", "a;b", "x".repeat(64), "a*"],
};
/** Tried on the API server, as the ones below. */
const selectors = [
  ...["", " ", "app=x,!y", "app", " a = b , c ", "a==b", "a!=b", "a=", "a!=", "! a", "a.example/b=c"],
  ...["a in (b,c)", "a notin (b),c", "a in ()", "a in(b, ,c)", "a>1", "a < 20", "in=notin"],
];
const notSelectors = [
  ...[
    "a=(",
    "a)",
    "a,,b",
    "a,",
    ",a",
    "!a=b",
    "a=b c",
    "a in b",
    "a in (b",
    "a in (b)(c)",
    "a>b",
    "a>",
    "=b",
  ],
  ...["a=b=c", "a b", `a=${"x".repeat(64)}`, "-a", "A.B/c", "a in ((b))", "a=-b", "!", "a===b"],
];
const pairs: Pick<Row, "fallback" | "good" | "bad"> = {
  fallback: {},
  good: [
    ["a=b", { a: "b" }],
    ["a=b,c=d=e", { a: "b", c: "d=e" }],
    ["a=", { a: "" }],
    [" a=b , ", { a: "b" }],
    ["", {}],
  ],
  bad: ["a", "a=b,c", "=b", ",,x"],
};

const labels: Pick<Row, "fallback" | "good" | "bad"> = {
  ...pairs,
  good: [
    ["a.example/b=c-d_e.f", { "a.example/b": "c-d_e.f" }],
    ...pairs.good.filter(([text]) => !text.includes("d=e")),
  ],
  bad: [...pairs.bad, "a=b c", "a=-b", `a=${"x".repeat(64)}`, "A.B/c=d", "a/b/c=d", "-a=b"],
};

const rows: Row[] = [
  {
    name: "key-prefix",
    fallback: "sealed-secrets-key",
    good: [
      ["mine", "mine"],
      ["a-1", "a-1"],
      ["x".repeat(244), "x".repeat(244)],
    ],
    bad: ["", "Mine", "a_b", "a.b", "a b", "x".repeat(245)],
  },
  {
    name: "key-size",
    fallback: 4096,
    good: [
      ["2048", 2048],
      ["16384", 16384],
    ],
    bad: ["", "2047", "16385", "4096.5", "4k", "-4096", "NaN", "0x1000", "1e4"],
  },
  {
    name: "key-ttl",
    fallback: 87600 * HOUR,
    good: [["1h", HOUR]],
    bad: ["30d", "59m", "-1h", "", "10y", "8766001h"],
  },
  {
    name: "key-renew-period",
    fallback: 720 * HOUR,
    good: [
      ["0", 0],
      ["0s", 0],
      ["1h30m", 1.5 * HOUR],
      ["5s", 5000],
    ],
    bad: ["30d", "-720h", "-1s", "1ms", "1ns", "", "720", "h", "1h-2m", "monthly"],
  },
  {
    name: "key-order-priority",
    fallback: "CertNotBefore",
    good: [["SecretCreationTimestamp", "SecretCreationTimestamp"]],
    bad: ["", "Newest", "CertNotAfter"],
  },
  { name: "require-backup", fallback: false, good: truth, bad: notTruth },
  { name: "my-cn", fallback: "", good: [["any thing", "any thing"]], bad: [] },
  {
    name: "key-cutoff-time",
    fallback: 0,
    good: [
      ["Mon, 02 Jan 2006 15:04:05 -0700", Date.UTC(2006, 0, 2, 22, 4, 5)],
      ["", 0],
    ],
    bad: [
      "2006-01-02T15:04:05Z",
      "Mon, 02 Jan 2006 15:04:05 MST",
      "yesterday",
      "0",
      "Mon, 42 Jan 2006 15:04:05 -0700",
    ],
  },
  { name: "watch-for-secrets", fallback: true, good: truth, bad: notTruth },
  { name: "max-unseal-retries", fallback: 5, good: [["0", 0]], bad: ["-1", "five", ""] },
  { name: "old-gc-behavior", fallback: false, good: truth, bad: notTruth },
  { name: "leader-elect", fallback: true, good: truth, bad: notTruth },
  {
    name: "lease-name",
    fallback: "sealed-secrets-controller",
    good: [["a.b-c", "a.b-c"]],
    bad: ["", "A", "a_b", "-a", "a/b", "x".repeat(254)],
  },
  { name: "lease-duration", fallback: 15_000, good: [["1m", 60_000]], bad: ["2s", "15", ""] },
  { name: "lease-renew-deadline", fallback: 10_000, good: [["14s", 14_000]], bad: ["1s", "-1s"] },
  { name: "lease-retry-period", fallback: 2_000, good: [["500ms", 500]], bad: ["499ms", "0"] },
  { name: "adopt-namespaces", ...namespaces, good: [...namespaces.good, ["*", ["*"]], ["a,*", ["a", "*"]]] },
  { name: "secret-labels", ...labels },
  { name: "secret-annotations", ...pairs },
  { name: "forbid-own-namespace", fallback: false, good: truth, bad: notTruth },
  { name: "denied-metadata", ...words([]) },
  { name: "privatekey-annotations", ...pairs },
  { name: "privatekey-labels", ...labels },
  { name: "accept-deprecated-v1-data", fallback: true, good: truth, bad: notTruth },
  { name: "all-namespaces", fallback: true, good: truth, bad: notTruth },
  { name: "additional-namespaces", ...namespaces, bad: [...namespaces.bad, "*"] },
  { name: "label-selector", fallback: "", good: selectors.map((text) => [text, text]), bad: notSelectors },
  { name: "skip-recreate", fallback: false, good: truth, bad: notTruth },
  { name: "repair-drift", fallback: true, good: truth, bad: notTruth },
  {
    name: "opening-check-period",
    fallback: 24 * HOUR,
    good: [
      ["1m", 60_000],
      ["0", 0],
    ],
    bad: ["59s", "-1m", "", "1"],
  },
  { name: "update-status", fallback: true, good: truth, bad: notTruth },
  {
    name: "rate-limit",
    fallback: 2,
    good: [
      ["1", 1],
      ["100", 100],
    ],
    bad: ["0", "-1", "1.5", "", "many"],
  },
  { name: "rate-limit-burst", fallback: 2, good: [["0", 0]], bad: ["-1", "0.5", ""] },
  { name: "metrics-omit-secret-labels", fallback: false, good: truth, bad: notTruth },
  {
    name: "kubeclient-qps",
    fallback: -1,
    good: [
      ["-1", -1],
      ["-50", -50],
      ["0.5", 0.5],
      ["20", 20],
    ],
    bad: ["", "fast", "1,5"],
  },
  { name: "kubeclient-burst", fallback: 10, good: [["0", 0]], bad: ["-1", "1.5", ""] },
  { name: "listen-addr", fallback: ":8080", good: addresses, bad: notAddresses },
  { name: "listen-metrics-addr", fallback: ":8081", good: addresses, bad: notAddresses },
  { name: "read-timeout", fallback: 120_000, good: [["10s", 10_000]], bad: ["0", "10", "999ms", "2d"] },
  { name: "write-timeout", fallback: 120_000, good: [["1m", 60_000]], bad: ["-1m", "", "two minutes"] },
  {
    name: "log-level",
    fallback: "INFO",
    good: [
      ["DEBUG", "DEBUG"],
      ["WARN", "WARN"],
      ["error", "ERROR"],
      // As Go's slog reads them: levels lie 4 apart.
      ["INFO+2", "WARN"],
      ["INFO+4", "WARN"],
      ["warn+1", "ERROR"],
      ["INFO-1", "INFO"],
      ["INFO-4", "DEBUG"],
      ["DEBUG-8", "DEBUG"],
    ],
    bad: ["", "TRACE", "loud", "INFO+", "INFO+1.5", "+2", "ERROR+1", "constructor"],
  },
  { name: "log-format", fallback: "text", good: [["json", "json"]], bad: ["", "xml"] },
  { name: "log-info-stdout", fallback: true, good: truth, bad: notTruth },
  { name: "kubeconfig", fallback: "", good: [["/a b", "/a b"]], bad: [] },
  { name: "context", fallback: "", good: [["c", "c"]], bad: [] },
  { name: "cluster-id", fallback: "", good: [["c", "c"]], bad: [] },
  {
    name: "shutdown-delay",
    fallback: 0,
    good: [
      ["5s", 5000],
      ["0", 0],
      ["1h", HOUR],
    ],
    bad: ["5", "-1s", "", "61m"],
  },
  { name: "concurrency", fallback: 8, good: [["1", 1]], bad: ["0", "257", ""] },
  { name: "allowed-secret-types", ...words([]) },
  { name: "allowed-annotations", ...words([]) },
  { name: "templates", fallback: true, good: truth, bad: notTruth },
  { name: "allow-nondeterministic-templates", fallback: false, good: truth, bad: notTruth },
  { name: "metrics-auth", fallback: false, good: truth, bad: notTruth },
  ...keyServiceRows,
  { name: "verify-endpoint", fallback: true, good: truth, bad: notTruth },
  { name: "rotate-endpoint", fallback: true, good: truth, bad: notTruth },
  { name: "help", fallback: false, good: truth, bad: notTruth },
  { name: "version", fallback: false, good: truth, bad: notTruth },
];

test("every option stands in this table", () => {
  assert.deepEqual(rows.map(({ name }) => name).sort(), Object.keys(readControllerOptions([], {})).sort());
});

for (const { name, fallback, good, bad } of rows) {
  const variable = environmentName(name);
  test(`--${name}: default`, () => {
    assert.deepEqual(readControllerOptions([], {})[name], fallback);
  });
  for (const [text, value] of good) {
    test(`--${name}: ${JSON.stringify(text.slice(0, 30))} is taken`, () => {
      assert.deepEqual(readControllerOptions([`--${name}=${text}`], {})[name], value);
      assert.deepEqual(readControllerOptions([], { [variable]: text })[name], value);
    });
  }
  for (const text of bad) {
    test(`--${name}: ${JSON.stringify(text.slice(0, 30))} is refused by name, and not quoted`, () => {
      const refusedAs = (source: string) => (error: unknown) => {
        assert.ok(error instanceof UsageError, "a UsageError, which exits with 2");
        assert.equal(error.message, `${source} has a value of the wrong form`);
        assert.match(error.hint, /^give /);
        return true;
      };
      assert.throws(() => readControllerOptions([`--${name}=${text}`], {}), refusedAs(`--${name}`));
      assert.throws(() => readControllerOptions([], { [variable]: text }), refusedAs(variable));
    });
  }
}

test("environment names are those of the reference", () => {
  assert.equal(environmentName("key-renew-period"), "SEALED_SECRETS_KEY_RENEW_PERIOD");
  assert.equal(environmentName("accept-deprecated-v1-data"), "SEALED_SECRETS_ACCEPT_DEPRECATED_V1_DATA");
});

test("the command line wins over the environment", () => {
  const environment = { SEALED_SECRETS_KEY_SIZE: "3072" };
  assert.equal(readControllerOptions(["--key-size=2048"], environment)["key-size"], 2048);
  assert.equal(readControllerOptions([], environment)["key-size"], 3072);
});

test("a bad environment variable is refused even where the command line says otherwise", () => {
  assert.throws(
    () => readControllerOptions(["--key-renew-period=1h"], { SEALED_SECRETS_KEY_RENEW_PERIOD: "30d" }),
    /SEALED_SECRETS_KEY_RENEW_PERIOD has a value of the wrong form/,
  );
});

test("other variables of the environment are left alone", () => {
  const services = { SEALED_SECRETS_PORT: "tcp://10.0.0.1:8080", SEALED_SECRETS_SERVICE_HOST: "10.0.0.1" };
  assert.deepEqual(readControllerOptions([], services), readControllerOptions([], {}));
});

test("both spellings: with = and with a space, with one dash and two; the last one counts", () => {
  assert.equal(readControllerOptions(["--key-size", "2048"], {})["key-size"], 2048);
  assert.equal(readControllerOptions(["-key-size=2048"], {})["key-size"], 2048);
  assert.equal(readControllerOptions(["--key-size=2048", "--key-size=3072"], {})["key-size"], 3072);
  assert.equal(readControllerOptions(["--my-cn=a=b"], {})["my-cn"], "a=b");
  assert.equal(readControllerOptions(["--my-cn="], {})["my-cn"], "");
});

test("a truth value may stand alone, and takes no word after it", () => {
  assert.equal(readControllerOptions(["--update-status"], {})["update-status"], true);
  assert.throws(() => readControllerOptions(["--update-status", "false"], {}), /unknown option "false"/);
});

const wrong: [string[], RegExp][] = [
  [["--no-such-option"], /unknown option "--no-such-option"/],
  [["--no-such-option=hunter2"], /^UsageError: unknown option "--no-such-option"$/],
  [["serve"], /unknown option "serve"/],
  [["--key-size"], /--key-size needs a value/],
  [["--constructor=1"], /unknown option "--constructor"/],
  [["--__proto__=1"], /unknown option/],
  [["---key-size=2048"], /unknown option/],
];
for (const [args, words_] of wrong) {
  test(`refused: ${args.join(" ")}`, () => {
    assert.throws(
      () => readControllerOptions(args, {}),
      (error: unknown) => error instanceof UsageError && words_.test(String(error)),
    );
  });
}

test("the help names every option with its form and its variable", () => {
  const help = optionsHelp();
  for (const { name } of rows) {
    assert.match(help, new RegExp(`^ {2}--${name}$`, "m"));
    assert.ok(help.includes(environmentName(name)), name);
  }
});

test("the old name of an option counts where the present one is not given", () => {
  const HOURS = (args: string[], environment: Record<string, string> = {}) =>
    readControllerOptions(args, environment)["key-renew-period"] / HOUR;
  assert.equal(HOURS(["--rotate-period=5h"]), 5);
  assert.equal(HOURS([], { SEALED_SECRETS_ROTATE_PERIOD: "6h" }), 6);
  assert.equal(HOURS([], { SEALED_SECRETS_ROTATE_PERIOD: "6h", SEALED_SECRETS_KEY_RENEW_PERIOD: "7h" }), 7);
  assert.equal(HOURS(["--key-renew-period=8h", "--rotate-period=5h"]), 8);
  assert.equal(HOURS(["--rotate-period=5h", "--key-renew-period=8h"]), 8);
  assert.throws(() => HOURS(["--rotate-period=30d"]), /--rotate-period has a value of the wrong form/);
});

test("times of the lease that do not fit together are refused by name", () => {
  for (const args of [
    ["--lease-duration=10s"],
    ["--lease-renew-deadline=15s"],
    ["--lease-retry-period=9s"],
    ["--lease-duration=5s", "--lease-renew-deadline=6s"],
  ])
    assert.throws(() => readControllerOptions(args, {}), /--lease-duration, .* do not fit together/);
});

test("an address beyond the last port is refused by name", () => {
  assert.throws(
    () => readControllerOptions(["--listen-addr=:65536"], {}),
    /--listen-addr has a value of the wrong form/,
  );
  assert.equal(readControllerOptions(["--listen-addr=:65535"], {})["listen-addr"], ":65535");
});

test("the help shows each default as it would be typed", () => {
  const help = optionsHelp();
  for (const shown of [
    "default 87600h",
    "default 720h",
    "default 120s",
    "default 4096",
    "default :8080",
    "default true",
    "default none",
    "default none; SEALED_SECRETS_KEY_CUTOFF_TIME",
    "SEALED_SECRETS_KEY_RENEW_PERIOD; formerly --rotate-period)",
  ]) {
    assert.ok(help.includes(shown), shown);
  }
});
