/** One thing that was looked at, or one thing found, as a test that passed or failed. */
export type JunitCase = {
  /** The file it is in: cases of one file make one suite. */
  file: string;
  /** From 1. */
  line: number;
  name: string;
  /** Null for one that passed. */
  failure: { type: string; message: string; text: string } | null;
  /** What is told of one that passed; null for nothing. */
  output: string | null;
};

/**
 * Cases as JUnit XML, as Jenkins, GitLab, Azure and GitHub's report actions read it: a suite for each file, in the order in
 * which files come first. There is no time in it, so that the same findings give the same bytes.
 * @param command the command that looked: `lint`.
 */
export function junitText(command: string, cases: readonly JunitCase[]): string {
  const suites = [...Map.groupBy(cases, ({ file }) => file)].flatMap(([file, ofFile]) => [
    `  <testsuite ${attributes({ name: file, ...countsOf(ofFile) })}>`,
    ...ofFile.flatMap(caseLines),
    "  </testsuite>",
  ]);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${attributes({ name: `signet ${command}`, ...countsOf(cases) })}>`,
    ...suites,
    "</testsuites>",
    "",
  ].join("\n");
}

function countsOf(cases: readonly JunitCase[]) {
  const failures = cases.filter(({ failure }) => failure !== null).length;
  return { tests: `${cases.length}`, failures: `${failures}`, errors: "0" };
}

function caseLines({ file, line, name, failure, output }: JunitCase): string[] {
  const start = `    <testcase ${attributes({ name, classname: file, file, line: `${line}` })}`;
  if (failure !== null) {
    const { type, message, text } = failure;
    return [
      `${start}>`,
      `      <failure ${attributes({ message, type })}>${escaped(text)}</failure>`,
      "    </testcase>",
    ];
  }
  if (output === null) return [`${start}/>`];
  return [`${start}>`, `      <system-out>${escaped(output)}</system-out>`, "    </testcase>"];
}

function attributes(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${escaped(value).replace(/[\t\n\r]/g, " ")}"`)
    .join(" ");
}

/** What XML 1.0 has no way to write, halves of surrogate pairs among it, is replaced. */
const NO_XML = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu;
const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

function escaped(text: string): string {
  return text.replace(NO_XML, "\ufffd").replace(/[&<>"]/g, (character) => ENTITIES[character] ?? "");
}
