import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import {
  type FunctionTable,
  goFunction,
  TemplateFunctionError,
  variadicFunction,
} from "../../../shared/template/function-table.ts";
import type { TemplateLimits } from "../../../shared/template/limits.ts";
import { renderTemplates } from "../../../shared/template/template.ts";
import { TemplateError } from "../../../shared/template/template-error.ts";
import { integer, map, NIL, slice, types } from "../../../shared/template/value.ts";
import { render } from "./language-rows.ts";

const functions: FunctionTable = new Map([
  ["dice", goFunction([], () => integer(4), "random")],
  ["clock", goFunction([], (_, context) => integer(context.now(), types.int64), "clock")],
  ["burn", goFunction([], () => "", "costly")],
  ["sneaky", goFunction([], (_, context) => integer(context.now(), types.int64))],
  ["noise", goFunction([types.int], ([n], context) => `${context.randomBytes(Number(n.value)).length}`)],
  ["boom", goFunction([types.string], ([text]) => fail(new Error(text)))],
  ["refuse", goFunction([types.string], () => fail(new TemplateFunctionError("it will not")))],
  ["list", variadicFunction([], types.any, (items) => slice(items))],
  ["self", goFunction([], () => selfContaining())],
]);

function fail(error: Error): never {
  throw error;
}

function selfContaining() {
  const own = map(new Map());
  own.entries.set("a", own).set("b", own);
  return own;
}

suite("limits", () => {
  const rows: readonly (readonly [keyof TemplateLimits, number, string])[] = [
    ["sourceBytes", 10, "01234567890"],
    ["nesting", 5, "{{((((((1))))))}}"],
    ["nesting", 5, "{{if 1}}{{if 1}}{{if 1}}{{if 1}}{{if 1}}{{if 1}}"],
    ["nesting", 1, '{{define "a"}}{{if 1}}{{end}}{{end}}'],
    ["steps", 100, "{{range 1000000000}}{{end}}"],
    ["steps", 100, `{{ print ${"1 ".repeat(300)}}}`],
    ["callDepth", 5, '{{define "a"}}{{template "a"}}{{end}}{{template "a"}}'],
    ["depth", 50, '{{define "a"}}{{if 1}}{{template "a" (print (print))}}{{end}}{{end}}{{template "a"}}'],
    ["outputBytes", 10, "{{range 6}}ab{{end}}"],
    ["outputBytes", 10, "{{.foo}}{{.foo}}"],
    ["totalOutputBytes", 10, "{{range 6}}ab{{end}}"],
    ["stringBytes", 100, '{{$x := "0123456789"}}{{range 9}}{{$x = print $x $x}}{{end}}'],
    ["stringBytes", 100, '{{len (printf "%200d" 1)}}'],
    ["workBytes", 1000, '{{range 100}}{{$x := printf "%90d" 1}}{{end}}'],
    ["milliseconds", -1, "x"],
  ];
  for (const [limit, height, template] of rows) {
    test(`${limit}: ${template.slice(0, 40)}`, () => {
      const said = render(template, { functions, limits: { [limit]: height } });
      assert.match(said, new RegExp(`^ERROR k:\\d+:\\d+: .*\\(limit ${limit} of ${height}\\)$`));
    });
  }

  test("each template within its bound, all together beyond theirs", () => {
    const templates = new Map([
      ["a", "123456"],
      ["b", "123456"],
    ]);
    const limits = { outputBytes: 6, totalOutputBytes: 10 };
    const rendered = renderTemplates({ templates, data: new Map(), functions, limits });
    assert.deepEqual(
      [...rendered].map(([name, result]) => [name, "error" in result ? result.error.limit : null]),
      [
        ["a", null],
        ["b", "totalOutputBytes"],
      ],
    );
  });

  test("time is looked at while a template runs, too", () => {
    let clock = 0;
    const settings = { functions, monotonic: () => clock++, limits: { milliseconds: 20 } };
    const said = render("{{range 1000000}}{{end}}", settings);
    assert.match(said, /limit milliseconds/);
  });

  test("what holds itself is printed within the limits", () => {
    assert.match(render("{{ self }}", { functions }), /^ERROR k:1:\d+: .*(?:limit |nested too deeply)/);
  });

  test("nothing within the limits needs more stack than there is", () => {
    const nested = `${"{{if 1}}".repeat(99)}{{${"(".repeat(100)}1${")".repeat(100)}}}${"{{end}}".repeat(99)}`;
    assert.equal(render(nested, { functions }), "1");
    const calls = `{{define "a"}}{{if .}}{{template "a" (slice . 1)}}{{end}}{{end}}{{template "a" "${"x".repeat(190)}"}}ok`;
    assert.equal(render(calls, { functions }), "ok");
    assert.equal(render(`{{if 0}}${"{{else if 0}}".repeat(3000)}{{else}}end{{end}}`, { functions }), "end");
  });

  test("a stack that is nearly full ends in an error of the limits", () => {
    const deep = (level: number): string =>
      level === 0 ? render("{{if 1}}".repeat(150) + "{{end}}".repeat(150)) : deep(level - 1);
    let level = 1000;
    for (; ; level += 250) {
      try {
        if (deep(level).includes("(limit ")) return;
      } catch (error) {
        // So little was left that not even rendering could begin.
        assert.ok(error instanceof RangeError);
        return;
      }
    }
  });
});

suite("functions that must be allowed", () => {
  const refused = (template: string) =>
    renderTemplates({ templates: new Map([["k", template]]), data: new Map(), functions }).get("k");

  test("are refused before anything runs, each by name and reason", () => {
    const result = refused("{{if false}}{{dice}}{{clock}}{{dice}}{{burn}}{{end}}");
    assert.ok(result !== undefined && "error" in result);
    const { message, refused: isRefused, functionName } = result.error;
    const list = "dice (random), clock (reads the clock), burn (costly)";
    assert.equal(message, `template: k:1:14: these functions are not allowed here: ${list}`);
    assert.equal(isRefused, true);
    assert.equal(functionName, "dice");
  });

  test("run where they are allowed, with the given clock and chance", () => {
    const settings = { functions, allowNondeterministic: true, now: () => 99 };
    assert.equal(render("{{dice}} {{clock}} {{burn}}{{noise 3}}", settings), "4 99 3");
    assert.equal(render("{{noise 200000}}", { ...settings }), "200000");
  });

  test("a function that nobody marked gets neither clock nor chance", () => {
    assert.match(render("{{sneaky}}", { functions }), /error calling sneaky: .*clock/);
    assert.match(render("{{noise 1}}", { functions }), /error calling noise: .*random/);
  });

  test("those of other programs are told of", () => {
    for (const [name, hint] of [
      ["env", /environment/],
      ["getHostByName", /network/],
      ["toYaml", /Helm/],
    ] as const) {
      const result = refused(`a\n{{ ${name} "x" }}`);
      assert.ok(result !== undefined && "error" in result);
      assert.equal(result.error.message, `template: k:2:3: function "${name}" not defined`);
      assert.match(result.error.hint, hint);
      assert.equal(result.error.refused, false);
    }
  });
});

suite("errors", () => {
  test("say nothing of what a function was given or has thrown", () => {
    assert.equal(
      render('{{ boom "hunter2" }}', { functions }),
      "ERROR k:1:3: error calling boom: it failed in a way that was not foreseen",
    );
    assert.equal(
      render('{{ refuse "hunter2" }}', { functions }),
      "ERROR k:1:3: error calling refuse: it will not",
    );
  });

  test("name place and function for programs", () => {
    const templates = new Map([["conf", 'a\nb {{ refuse "x" }}']]);
    const result = renderTemplates({ templates, data: new Map(), functions }).get("conf");
    assert.ok(result !== undefined && "error" in result);
    assert.deepEqual(result.error.place, { template: "conf", line: 2, column: 5 });
    assert.equal(result.error.functionName, "refuse");
    assert.equal(result.error.code, "template");
  });

  test("show names of the source as text, and not at any length", () => {
    assert.equal(
      render("{{ .foo.h\u00e9\u65e5 }}"),
      "ERROR k:1:7: can't evaluate field h\u00e9\u65e5 in type string",
    );
    const long = "\u00e9".repeat(5000);
    for (const template of [`{{ ${long} }}`, `{{ $${long} }}`, `{{ .foo.${long} }}`, `{{ $${long} = 1 }}`])
      assert.ok(render(template).length < 150, render(template));
  });

  test("hold nothing of any item or literal, whatever fails", () => {
    const secret = "cAnArY51";
    const data = new Map([["s", Buffer.from(secret)]]);
    const value = fc.constantFrom(".s", `"${secret}"`, "(list .s)", "1", ".", `(print .s .s)`);
    const name = fc.constantFrom(
      ..."and or not eq lt ge len index slice print printf html js urlquery call".split(" "),
    );
    const command = fc
      .tuple(name, fc.array(value, { maxLength: 3 }))
      .map(([f, args]) => [f, ...args].join(" "));
    const shape = fc.constantFrom(
      "{{%}}",
      "{{(%).x}}",
      "{{range %}}{{.y}}{{end}}",
      '{{template "z" %}}',
      "{{% | boom}}",
    );
    let failures = 0;
    fc.assert(
      fc.property(shape, command, (form, words) => {
        const said = render(form.replace("%", words), { data, functions });
        if (!said.startsWith("ERROR")) return;
        failures++;
        assert.ok(!said.toLowerCase().includes("canary"), said);
      }),
      { numRuns: 1000 },
    );
    assert.ok(failures > 100, `${failures} failures`);
  });
});

test("bytes pass through as they are, and `read` names the items that its text reads", () => {
  const data = new Map([
    ["bin", Uint8Array.of(0xff, 0, 0xfe, 10)],
    ["other", Buffer.from("x")],
  ]);
  const templates = new Map([
    ["k", "{{ .bin }}{{ index . `missing` }}"],
    ["all", "{{ range $k, $v := . }}{{ end }}"],
    ["printed", "{{ . }}"],
    ["none", "{{ len . }}"],
  ]);
  const rendered = renderTemplates({ templates, data, functions });
  const one = rendered.get("k");
  assert.ok(one !== undefined && "output" in one);
  assert.deepEqual([...one.output], [0xff, 0, 0xfe, 10]);
  const read = [...rendered].map(([name, result]) =>
    "read" in result ? [name, result.read.all, ...result.read.names] : null,
  );
  assert.deepEqual(read, [
    ["k", false, "bin", "missing"],
    ["all", true],
    ["printed", true],
    ["none", false],
  ]);
});

test("templates behind one that reaches a common limit are not tried; a limit of its own stops nobody else", () => {
  const tried = (source: string, limits: Partial<TemplateLimits>) => [
    ...renderTemplates({
      templates: new Map([
        ["a", source],
        ["b", "x"],
      ]),
      data: new Map(),
      functions,
      limits,
    }).keys(),
  ];
  assert.deepEqual(tried("{{ range 1000 }}{{ end }}", { steps: 100 }), ["a"]);
  assert.deepEqual(tried("xxxx", { outputBytes: 3 }), ["a", "b"]);
});

test("a nil inside a list is nothing once it goes through a pipeline", () => {
  const nothing: FunctionTable = new Map([...functions, ["nothing", goFunction([], () => NIL)]]);
  assert.equal(render("{{ nothing }}", { functions: nothing }), "<no value>");
  assert.equal(render("{{ print nothing }}", { functions: nothing }), "<nil>");
  assert.equal(render("{{ range list nil }}{{ . }}{{ end }}", { functions: nothing }), "<no value>");
  assert.match(
    render("{{ range list nil }}{{ .x }}{{ end }}", { functions: nothing }),
    /nil pointer evaluating/,
  );
  assert.equal(render("{{ (index (list nil) 0).x }}", { functions: nothing }), "<no value>");
});

suite("hostile templates", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      ..."{{ }} {{- -}} ( ) | . $ := = , : \" ' ` /* */ if else end range with define template block break continue nil true 1 0x 1e9 -3 .foo .s $x $ print printf index slice len and or not eq html js urlquery list self boom \\ \n é \xff".split(
        " ",
      ),
    ),
    fc.string({ maxLength: 4 }),
    fc.constantFrom(
      "{{range 99999999}}",
      '{{template "k" .}}',
      '{{printf "%999999d" 1}}',
      "{{$x := print $x $x}}",
      "{{end}}",
    ),
  );
  const source = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(" "));

  test("give output within the limits, or a TemplateError", () => {
    const limits = { outputBytes: 5000, steps: 20_000 };
    fc.assert(
      fc.property(source, (template) => {
        const templates = new Map([["k", template]]);
        const data = new Map([["s", Uint8Array.of(255)]]);
        const result = renderTemplates({ templates, data, functions, limits }).get("k");
        assert.ok(result !== undefined);
        if ("output" in result) assert.ok(result.output.length <= limits.outputBytes);
        else {
          assert.ok(result.error instanceof TemplateError);
          assert.ok(
            !result.error.message.includes("not foreseen") || template.includes("boom"),
            result.error.message,
          );
        }
      }),
      { numRuns: 3000 },
    );
  });
});
