import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { readArguments } from "../../cli/arguments.ts";
import { kubesealOptions, type OptionTable } from "../../cli/options.ts";
import { UsageError } from "../../shared/errors.ts";

const TEXTS =
  "cert controller-namespace controller-name format sealed-secret-file secret-file merge-into name kubeconfig scope";
const SWITCHES =
  "fetch-cert allow-empty-data validate raw re-encrypt rotate recovery-unseal help version disable-compression insecure-skip-tls-verify";
const LISTS = "from-file recovery-private-key";
const CLIENT_TEXTS =
  "as as-uid certificate-authority client-certificate client-key cluster context namespace password proxy-url request-timeout server tls-server-name token user username";
const LOGGING_SWITCHES =
  "add_dir_header alsologtostderr legacy_stderr_threshold_behavior logtostderr one_output skip_headers skip_log_headers";
const LOGGING_TEXTS =
  "alsologtostderrthreshold log_backtrace_at log_dir log_file log_file_max_size stderrthreshold vmodule";
const WITHOUT_VARIABLE = new Set([
  "help",
  "version",
  "v",
  ...words(LOGGING_SWITCHES),
  ...words(LOGGING_TEXTS),
]);

function words(text: string): string[] {
  return text.split(" ");
}

/** kubeseal's 55 flags: name and two values to give, as text. */
const FLAGS: readonly { name: string; first: string; second: string; read: (text: string) => unknown }[] = [
  ...words(`${TEXTS} ${CLIENT_TEXTS} ${LOGGING_TEXTS}`).map((name) => ({
    name,
    first: "one,two",
    second: "three",
    read: (text: string) => text,
  })),
  ...words(`${SWITCHES} ${LOGGING_SWITCHES}`).map((name) => ({
    name,
    first: "true",
    second: "false",
    read: (text: string) => text === "true",
  })),
  ...words(LISTS).map((name) => ({
    name,
    first: "a=one,two",
    second: "three",
    read: (text: string) => text.split(","),
  })),
  { name: "as-group", first: "one,two", second: "three", read: (text) => [text] },
  { name: "v", first: "4", second: "0", read: Number },
];

function read(args: readonly string[], env: Record<string, string> = {}) {
  return readArguments<OptionTable>(kubesealOptions, args, env);
}

function optionOf(name: string, args: readonly string[], env: Record<string, string> = {}): unknown {
  return read(args, env).options[name];
}

function refusal(args: readonly string[], env: Record<string, string> = {}): UsageError {
  try {
    read(args, env);
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error));
    return error;
  }
  assert.fail(`${args.join(" ")} was accepted`);
}

suite("kubeseal's flags", () => {
  test("are 55, each once", () => {
    assert.equal(new Set(FLAGS.map(({ name }) => name)).size, 55);
    assert.equal(FLAGS.length, 55);
  });

  for (const { name, first, second, read: parse } of FLAGS) {
    const isSwitch = typeof parse(first) === "boolean";
    const isList = Array.isArray(parse(first));

    test(`--${name} takes its value after an equals sign, and the last one counts`, () => {
      const both = isList ? [...(parse(first) as string[]), ...(parse(second) as string[])] : parse(second);
      assert.deepEqual(optionOf(name, [`--${name}=${first}`]), parse(first));
      assert.deepEqual(optionOf(name, [`--${name}=${first}`, `--${name}=${second}`]), both);
    });

    test(`--${name} takes ${isSwitch ? "no word" : "the next word"} as its value`, () => {
      const { options, positionals } = read([`--${name}`, first]);
      assert.deepEqual(options[name], isSwitch ? true : parse(first));
      assert.deepEqual(positionals, isSwitch ? [first] : []);
    });

    const variable = `SEALED_SECRETS_${name.toUpperCase().replaceAll("-", "_")}`;
    if (WITHOUT_VARIABLE.has(name)) {
      test(`--${name} is not read from the environment`, () => {
        assert.deepEqual(optionOf(name, [], { [variable]: first }), optionOf(name, []));
      });
    } else {
      test(`--${name} is read from the environment, and the command line ${isList ? "adds to it" : "overrides it"}`, () => {
        const both = isList ? [...(parse(first) as string[]), ...(parse(second) as string[])] : parse(second);
        assert.deepEqual(optionOf(name, [], { [variable]: first }), parse(first));
        assert.deepEqual(optionOf(name, [`--${name}=${second}`], { [variable]: first }), both);
        assert.deepEqual(optionOf(name, [], { [variable]: "" }), optionOf(name, []));
      });
    }
  }
});

suite("short flags", () => {
  const cases: readonly [string[], string, unknown][] = [
    [["-n", "ns"], "namespace", "ns"],
    [["-n=ns"], "namespace", "ns"],
    [["-nns"], "namespace", "ns"],
    [["-f", "a.yaml"], "secret-file", "a.yaml"],
    [["-w", "b.yaml"], "sealed-secret-file", "b.yaml"],
    [["-o", "yaml"], "format", "yaml"],
    [["-oyaml"], "format", "yaml"],
    [["-h"], "help", true],
    [["-hoyaml"], "format", "yaml"],
    [["-h=false"], "help", false],
    [["-v", "4"], "v", 4],
    [["-v=4"], "v", 4],
    [["-v4"], "v", 4],
    [["-v"], "v", 1],
    [["-v", "-o", "yaml"], "v", 1],
    [["-v", "-o", "yaml"], "format", "yaml"],
    [["--v"], "v", 1],
  ];
  for (const [args, name, value] of cases) {
    test(`${args.join(" ")} sets ${name}`, () => assert.equal(optionOf(name, args), value));
  }
});

suite("words that are no flags", () => {
  test("may stand anywhere, and everything after -- is one", () => {
    const { options, positionals } = read(["a", "--raw", "b", "-", "--", "--name", "-n"]);
    assert.deepEqual(positionals, ["a", "b", "-", "--name", "-n"]);
    assert.equal(options["raw"], true);
    assert.equal(options["name"], null);
  });
});

suite("lists", () => {
  const cases: readonly [string, string[]][] = [
    ["a,b", ["a", "b"]],
    ['"a,b",c', ["a,b", "c"]],
    ['"say ""hi"""', ['say "hi"']],
    ["a,,b", ["a", "", "b"]],
    ["", []],
  ];
  for (const [text, parts] of cases) {
    test(`${text} has ${parts.length} parts`, () => {
      assert.deepEqual(optionOf("from-file", [`--from-file=${text}`]), parts);
    });
  }
});

suite("empty texts", () => {
  test("count as not given", () => assert.equal(optionOf("cert", ["--cert="]), null));
});

suite("wrong command lines are refused", () => {
  const cases: readonly [string[], string, string][] = [
    [["--certt=x"], "unknown flag: --certt", "did you mean --cert?"],
    [["--seceret-file", "x"], "unknown flag: --seceret-file", "did you mean --secret-file?"],
    [["--tokne=hunter2"], "unknown flag: --tokne", "did you mean --token?"],
    [["--qqq=hunter2"], "unknown flag: --qqq", "signet help flags lists all flags"],
    [["--__proto__=x"], "unknown flag: --__proto__", "signet help flags lists all flags"],
    [["-q"], "unknown shorthand flag: -q", "signet help flags lists all flags"],
    [["--cert"], "flag needs an argument: --cert", "write --cert FILE|URL"],
    [["-n"], "flag needs an argument: -n", "write -n NAMESPACE"],
    [
      ["--raw=maybe"],
      'invalid value "maybe" for --raw: it must be true or false',
      "write --raw=VALUE with true or false",
    ],
    [["-v=x"], 'invalid value "x" for -v: it must be a whole number', "write -v=VALUE with a whole number"],
    [['--from-file=a"b'], "invalid list for --from-file: a quote is misplaced", "quote whole parts, or none"],
  ];
  for (const [args, message, hint] of cases) {
    test(args.join(" "), () => {
      const error = refusal(args);
      assert.equal(error.message, message);
      assert.equal(error.hint, hint);
    });
  }

  for (const { name, read: parse } of FLAGS.filter((flag) => !WITHOUT_VARIABLE.has(flag.name))) {
    const variable = `SEALED_SECRETS_${name.toUpperCase().replaceAll("-", "_")}`;
    if (typeof parse("true") === "boolean") {
      test(`${variable} that is no truth value, by its name (W4)`, () => {
        const error = refusal([], { [variable]: "yes" });
        assert.equal(error.message, `invalid value "yes" for ${variable}: it must be true or false`);
        assert.equal(error.hint, `set ${variable} to true or false`);
      });
    } else if (LISTS.split(" ").includes(name)) {
      test(`${variable} that is no list, by its name (W4)`, () => {
        const error = refusal([], { [variable]: 'hunter"2' });
        assert.equal(error.message, `invalid list for ${variable}: a quote is misplaced`);
      });
    }
  }
});
