import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { section, terms, wrap } from "../../cli/help/layout.ts";
import { SIGNET_FLAGS } from "../../cli/help/signet-flags.ts";
import { nearestWord } from "../../cli/nearest-word.ts";
import { kubesealOptions } from "../../cli/options.ts";
import { runInMemory } from "../support/memory-io.ts";

async function page(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runInMemory(args);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  return stdout;
}

const MODES: Readonly<Record<string, readonly string[]>> = {
  raw: ["--raw"],
  "merge-into": ["--merge-into", "x"],
  validate: ["--validate"],
  "re-encrypt": ["--re-encrypt"],
  "recovery-unseal": ["--recovery-unseal"],
  "fetch-cert": ["--fetch-cert"],
};
const TOPICS = [...Object.keys(MODES), "seal", "flags", "completion"];

suite("the first page", () => {
  test("is the same for --help, -h and help, and fits two screens of 48 lines and 80 columns", async () => {
    const text = await page("--help");
    assert.equal(await page("-h"), text);
    assert.equal(await page("help"), text);
    assert.equal(await page("help", "help"), text);
    const lines = text.split("\n");
    assert.ok(lines.length <= 96, `${lines.length} lines`);
    assert.deepEqual(
      lines.filter((line) => line.length > 80),
      [],
    );
    assert.match(text, /^signet: seals Kubernetes Secrets/);
    assert.ok(text.endsWith("\n") && !text.endsWith("\n\n"));
  });

  test("names every command and every mode", async () => {
    const text = await page("--help");
    for (const topic of Object.keys(MODES)) assert.match(text, new RegExp(`^ {6}--${topic}`, "m"));
    const { COMMAND_WORDS } = await import("../../cli/command-words.ts");
    for (const word of COMMAND_WORDS) assert.match(text, new RegExp(`^ {2}${word}\\b`, "m"));
  });

  for (const args of [["--help"], ["help", "flags"]]) {
    test(`${args.join(" ")} has kubeseal's flags in groups of their own, and ours in one`, async () => {
      const groups = new Map<string, string[]>();
      for (const part of (await page(...args)).split("\n\n")) {
        const [title = "", ...lines] = part.split("\n");
        const flags = lines.flatMap((line) => /^ {2}(?: {4}|-., )--([a-z-]+)/.exec(line)?.[1] ?? []);
        groups.set(title, flags);
      }
      const kubeseals = [...groups].filter(([title]) => /^(?:Flags of kubeseal, |General:)/.test(title));
      assert.ok(kubeseals.length >= 3);
      const mixed = kubeseals.flatMap(([, flags]) => flags.filter((flag) => SIGNET_FLAGS.includes(flag)));
      assert.deepEqual(mixed, []);
      const ours = groups.get("Flags of Signet:") ?? [];
      assert.ok(ours.length >= 3);
      assert.deepEqual(
        ours.filter((flag) => !SIGNET_FLAGS.includes(flag)),
        [],
      );
    });
  }

  test("all but kubeseal's 55 flags are ours", () => {
    const flags = Object.keys(kubesealOptions);
    assert.equal(flags.filter((flag) => !SIGNET_FLAGS.includes(flag)).length, 55);
    assert.deepEqual(
      SIGNET_FLAGS.filter((flag) => !flags.includes(flag)),
      [],
    );
  });

  test("comes before all else that the flags ask for, --from-file without --raw included", async () => {
    assert.equal(await page("--from-file", "x", "--help"), await page("--help"));
  });

  test("is called by the name of the program", async () => {
    const { stdout } = await runInMemory(["--help"], { program: "kubectl-signet" });
    assert.match(stdout, /^ {2}kubectl signet --fetch-cert > cert\.pem$/m);
    assert.doesNotMatch(stdout, /^ {2}signet /m);
    const { stdout: kubeseal } = await runInMemory(["help", "raw"], { program: "kubeseal" });
    assert.match(kubeseal, /printf %s hunter2 \| kubeseal --raw /);
    assert.match(kubeseal, /^kubeseal --raw: /);
  });
});

suite("pages", () => {
  for (const [topic, flags] of Object.entries(MODES)) {
    test(`help ${topic} is also the --help of the mode`, async () => {
      const text = await page("help", topic);
      assert.equal(await page(...flags, "--help"), text);
      assert.equal(await page("help", `--${topic}`), text);
      assert.match(text, new RegExp(`^signet --${topic}: `));
    });
  }

  test("the older name of --re-encrypt has its page", async () => {
    assert.equal(await page("--rotate", "--help"), await page("help", "re-encrypt"));
    assert.equal(await page("help", "--rotate"), await page("help", "re-encrypt"));
    assert.match(await page("help", "rotate"), /^signet rotate: /);
  });

  test("every page has usage, description, flags, examples and exit codes, in 80 columns", async () => {
    const { COMMAND_WORDS } = await import("../../cli/command-words.ts");
    const words = COMMAND_WORDS.filter((word) => word !== "help");
    for (const topic of [...TOPICS, ...words].filter((name) => name !== "flags")) {
      const text = await page("help", topic);
      for (const title of ["Usage", "Flags", "Examples", "Exit codes"]) {
        assert.match(text, new RegExp(`\\n\\n${title}:\\n {2}\\S| {6}--`), `${topic}: ${title}`);
      }
      const long = text.split("\n").filter((line) => line.length > 80);
      // A command line is not broken where that would change what is to be typed.
      assert.deepEqual(
        long.filter((line) => !/^ {2}(?:signet|kubectl|printf) /.test(line)),
        [],
        topic,
      );
    }
  });

  test("the page on sealing has no word for its mode", async () => {
    assert.match(await page("help", "seal"), /^signet: seal Secrets\n/);
  });

  test("a command's own --help is its page", async () => {
    assert.equal(await page("completion", "--help"), await page("help", "completion"));
    assert.equal(await page("completion", "zsh", "-h"), await page("help", "completion"));
  });

  test("help flags has every flag once, with its letter and its summary, and says which have no variable", async () => {
    const whole = await page("help", "flags");
    // Beneath them stand those that one command has for itself.
    const text = whole.replace(/\n\nOf signet [\s\S]*(?=\n\nHow flags are read)/, "");
    assert.match(whole, /\n\nOf signet unseal alone:\n {6}--key PATH /);
    const flat = text.replaceAll(/\s+/g, " ");
    for (const [name, { summary }] of Object.entries(kubesealOptions)) {
      const typed = name === "v" ? /^ {2}-v \[N\]/ : new RegExp(`^ {2}(?: {4}|-., )--${name}(?: |$)`);
      assert.equal(text.split("\n").filter((line) => typed.test(line)).length, 1, name);
      assert.ok(flat.includes(summary), name);
    }
    assert.match(flat, /These flags have none: .*--in-place, .*--help, --version\./);
    assert.doesNotMatch(flat, /These flags have none: .*--cert\b/);
    assert.match(flat, /SEALED_SECRETS_CONTROLLER_NAME/);
  });

  test("variables of a wrong form do not keep help from being read", async () => {
    const { code, stdout } = await runInMemory(["help", "raw"], { env: { SEALED_SECRETS_RAW: "maybe" } });
    assert.equal(code, 0);
    assert.match(stdout, /^signet --raw/);
  });
});

suite("words nobody knows", () => {
  const cases: readonly [string[], string, string][] = [
    [["help", "merge"], 'no help on "merge"', "topics are "],
    [["help", "vaildate"], 'no help on "vaildate"', "did you mean signet help validate?"],
    [["help", "--fetch-crt"], 'no help on "--fetch-crt"', "did you mean signet help fetch-cert?"],
    [["hepl"], 'no command, file or folder "hepl"', "did you mean signet help?"],
    [["completoin", "bash"], 'no command, file or folder "completoin"', "did you mean signet completion?"],
    [["--cert", "x", "help"], "help stands after flags", "put the command first: signet help …"],
    [["completion"], "completion for which shell?", "name one of bash, zsh, fish"],
    [["completion", "bahs"], 'no completion for "bahs"', "did you mean bash?"],
    [["completion", "powershell"], 'no completion for "powershell"', "shells are bash, zsh, fish"],
    [["completion", "bash", "zsh"], "completion is for one shell at a time", "name one of them"],
    [["completion", "--raw"], "unknown flag: --raw", "signet help flags lists all flags"],
  ];
  for (const [args, message, hint] of cases) {
    test(args.join(" "), async () => {
      const { code, stdout, stderr } = await runInMemory(args);
      assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
      const [error, next] = stderr.split("\n");
      assert.equal(error, `error: ${message}`);
      assert.ok(next?.includes(hint), next);
    });
  }

  test("a file that is called like a command's misspelling is a file", async () => {
    const { stderr } = await runInMemory(["hepl"], { files: { hepl: "kind: ConfigMap" } });
    assert.doesNotMatch(stderr, /did you mean/);
  });

  test("one letter too many, too few, another, or two swapped is near", () => {
    for (const word of ["valdate", "vallidate", "vaxidate", "vaildate"])
      assert.equal(nearestWord(word, ["raw", "validate"]), "validate");
    assert.equal(nearestWord("v", ["raw", "validate"]), null);
    assert.equal(nearestWord("", []), null);
  });
});

suite("layout", () => {
  test("wrapping keeps every word in order and every line within the width, longer words apart", () => {
    const word = fc.stringMatching(/^[a-z-]{1,30}$/);
    fc.assert(
      fc.property(fc.array(word, { minLength: 1 }), fc.integer({ min: 1, max: 60 }), (words, width) => {
        const lines = wrap(words.join(" "), width);
        assert.deepEqual(lines.join(" ").split(" "), words);
        for (const line of lines) assert.ok(line.length <= width || !line.includes(" "));
        // No line ends early: the next word would not have fitted.
        for (const [index, line] of lines.slice(0, -1).entries()) {
          const [next = ""] = (lines[index + 1] ?? "").split(" ");
          assert.ok(line.length + 1 + next.length > width);
        }
      }),
    );
  });

  test("a term that is too long has its meaning below", () => {
    assert.deepEqual(
      terms([
        ["--a", "one"],
        ["--a-very-long-flag VERY-LONG-VALUE", "two"],
        ["--bcd", "three"],
      ]),
      ["--a    one", "--a-very-long-flag VERY-LONG-VALUE", "       two", "--bcd  three"],
    );
    assert.deepEqual(section("Files", []), []);
    assert.deepEqual(section("Files", ["a", "", "b"]), ["", "Files:", "  a", "", "  b"]);
  });
});
