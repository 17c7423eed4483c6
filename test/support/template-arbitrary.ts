import fc from "fast-check";
import { items } from "../interop/fixtures/templates/items.ts";

/** The kinds of expressions the grammar has. Expressions stand in parentheses, so that they fit as arguments. */
type Grammar = {
  text: string;
  number: string;
  truth: string;
  list: string;
  dict: string;
  value: string;
  statement: string;
  template: string;
};

const literal = (text: string): string => JSON.stringify(text);
const textLiteral = fc
  .constantFrom(
    "",
    "a",
    "b",
    "ab c",
    "Foo-Bar_baz",
    "é☃",
    "1",
    "-2.50",
    "0x1F",
    "a,b,,c",
    "<&>\"'",
    " x \n",
    "𝄞",
  )
  .map(literal);
const pattern = fc
  .constantFrom("a", "[a-c]+", "(a|b)*", "\\\\s", "", "^.", "é?$", "x{2,3}")
  .map((p) => `"${p}"`);
// Counts stay small: Go has no limits.
const small = fc.integer({ min: -3, max: 12 }).map(String);
const count = fc.integer({ min: 0, max: 9 }).map(String);
const numeral = fc.constantFrom(
  ...[
    "0",
    "1",
    "-1",
    "7",
    "42",
    "3.5",
    "-0.25",
    "1e6",
    "1e21",
    "0.1",
    "9223372036854775807",
    "'a'",
    "0x10",
    "1_000",
  ],
);
const item = fc
  .constantFrom(...Object.keys(items).filter((name) => /^\w+$/.test(name)))
  .map((name) => `.${name}`);
const key = fc.constantFrom('"a"', '"b"', '"z"');
const verb = fc.constantFrom(
  ...[
    "%v",
    "%s",
    "%q",
    "%d",
    "%5d",
    "%-6v|",
    "%05.1f",
    "%x",
    "%X",
    "%T",
    "%t",
    "%g",
    "%e",
    "%c",
    "%U",
    "%o",
    "%b",
  ],
  ...["%#v", "%+v", "%8.3s|", "%+d", "% x", "%.2f", "%%", "%z", "%[1]v"],
);

const call = (name: string, ...args: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.tuple(...args).map((written) => `(${[name, ...written].join(" ")})`);
const calls = (names: string, ...args: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.constantFrom(...names.split(" ")).chain((name) => call(name, ...args));
const several = (name: string, most: number, each: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.array(each, { maxLength: most }).map((written) => `(${[name, ...written].join(" ")})`);

// Counted over all kinds together; a longer template would nearly always hold something that fails.
const depth = { maxDepth: 3, depthIdentifier: "template" };

/** Templates by a small grammar: most of them succeed, some fail, none takes long. */
export const templateArbitrary: fc.Arbitrary<string> = fc.letrec<Grammar>((tie) => {
  const [text, number, truth] = [tie("text"), tie("number"), tie("truth")];
  const [list, dict, value, statement] = [tie("list"), tie("dict"), tie("value"), tie("statement")];
  return {
    text: fc.oneof(
      depth,
      fc.oneof(textLiteral, item),
      calls("upper lower title untitle swapcase camelcase kebabcase snakecase initials nospace trim", text),
      calls(
        "b64enc b64dec b32enc sha256sum adler32sum base dir clean ext regexQuoteMeta html js urlquery",
        text,
      ),
      calls("trunc abbrev", small, text),
      calls("indent nindent repeat", count, text),
      calls("trimAll trimPrefix trimSuffix", text, text),
      call("substr", fc.constant("-1"), count, text),
      call("replace", text, text, text),
      call("join", text, list),
      calls("toJson toPrettyJson toRawJson toString quote squote typeOf kindOf print println", value),
      several("cat", 3, value),
      fc
        .tuple(verb, fc.array(value, { maxLength: 2 }))
        .map(([v, args]) => `(printf "${v}" ${args.join(" ")})`),
      call("regexReplaceAll", pattern, text, text),
      call("regexFind", pattern, text),
      call("ternary", text, text, truth),
      call("default", text, value),
      call("plural", text, text, count),
      call(
        "date",
        fc.constantFrom('"2006-01-02T15:04:05Z07:00"', '"Mon Jan _2 3:04PM 06 MST"'),
        call("int64", number),
      ),
      calls(
        "duration durationRound",
        value.filter((written) => !written.includes("toDate")),
      ),
      call("seq", small, small),
    ),
    number: fc.oneof(
      depth,
      numeral,
      several("add", 3, value),
      calls("sub mul max min", value, value),
      calls("div mod", value, numeral),
      calls("addf subf mulf divf maxf minf", value, value),
      calls("int int64 float64 floor ceil add1 toDecimal add1f", value),
      call("round", value, small),
      calls("len atoi", text),
      call("len", fc.oneof(list, dict)),
    ),
    truth: fc.oneof(
      depth,
      fc.constantFrom("true", "false"),
      calls("eq ne lt le gt ge", number, number),
      calls("eq ne lt le gt ge", text, text),
      calls("contains hasPrefix hasSuffix", text, text),
      calls("empty not", value),
      call("has", value, list),
      call("hasKey", dict, key),
      call("deepEqual", value, value),
      call("regexMatch", pattern, text),
      call("kindIs", fc.constantFrom('"string"', '"int"', '"map"', '"slice"'), value),
      call(
        "semverCompare",
        fc.constantFrom('"^1.2"', '">=1.0, <2"', '"~0.2 || 3.x"'),
        fc.constant('"1.4.5"'),
      ),
    ),
    list: fc.oneof(
      depth,
      several("list", 3, value),
      call("splitList", text, text),
      call("until", small),
      call("untilStep", small, small, fc.constantFrom("-2", "-1", "1", "3")),
      calls("reverse rest initial uniq compact sortAlpha", list),
      calls("append prepend without", list, value),
      call("concat", list, list),
      call("chunk", fc.integer({ min: 1, max: 4 }).map(String), list),
      call("slice", list, fc.constant("0")),
      call("regexSplit", pattern, text, small),
      call("regexFindAll", pattern, text, small),
      call("toStrings", value),
      dict.map((written) => `(keys ${written} | sortAlpha)`),
    ),
    dict: fc.oneof(
      depth,
      fc.array(fc.tuple(key, value), { maxLength: 3 }).map((all) => `(dict ${all.flat().join(" ")})`),
      calls("merge mergeOverwrite", dict, dict),
      call("set", dict, key, value),
      call("unset", dict, key),
      calls("pick omit", dict, key),
      fc.constant("(fromJson .json)"),
      calls("deepCopy", dict),
      call("urlParse", fc.constantFrom(".url", '"a/b?c#d"', '"http://h:1/é"')),
      call("split", text, text),
    ),
    value: fc.oneof(
      depth,
      text,
      number,
      truth,
      list,
      dict,
      fc.constantFrom("(dict).x", ".missing"),
      calls("first last", list),
      call("get", dict, key),
      call("index", list, fc.constant("0")),
      call("index", dict, key),
      calls("coalesce and or", value, value),
      call("dig", key, value, dict),
      dict.map((written) => `${written}.a`),
    ),
    statement: fc.oneof(
      depth,
      value.map((written) => `{{ ${written} }}`),
      fc
        .tuple(value, fc.constantFrom("upper", "toString", "quote", "len", "first", "print", "default 1"))
        .map(([written, last]) => `{{- ${written} | ${last} -}}`),
      fc.constantFrom(" text ", "\n", "{{/* a comment */}}", "{{- /* b */ -}}", "}"),
      fc.tuple(value, statement, statement).map(([a, b, c]) => `{{ if ${a} }}${b}{{ else }}${c}{{ end }}`),
      fc.tuple(value, statement).map(([a, b]) => `{{ with ${a} }}${b}[{{ . }}]{{ else }}-{{ end }}`),
      fc
        .tuple(list, truth)
        .map(
          ([a, b]) =>
            `{{ range $i, $e := ${a} }}{{ if ${b} }}{{ break }}{{ end }}{{ $i }}={{ $e }};{{ end }}`,
        ),
      fc
        .tuple(dict, statement)
        .map(([a, b]) => `{{ range $k, $v := ${a} }}{{ $k }}{{ $v }}${b}{{ else }}none{{ end }}`),
      fc.tuple(value, value).map(([a, b]) => `{{ $x := ${a} }}{{ $x }}{{ $x = ${b} }}{{ $x | print }}`),
      fc
        .tuple(fc.nat(), value, value)
        .map(([name, a, b]) => `{{ block "t${name}" ${a} }}<{{ . }}>{{ end }}{{ template "t${name}" ${b} }}`),
    ),
    template: fc.array(tie("statement"), { minLength: 1, maxLength: 3 }).map((parts) => parts.join("")),
  };
}).template;
