import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonFunctions } from "../../../../shared/template/functions/json.ts";
import { checkFunctions, render } from "./function-rows.ts";

checkFunctions(jsonFunctions, [
  ['{{ toJson "a\\nb\\tc\\rd\\fe\\x1f" }}', '"a\\nb\\tc\\rd\\fe\\u001f"'],
  ['{{ fromJson "[1,1e999,{\\"a\\":1e999}]" }}', "[1 <nil> map[a:<nil>]]"],
  [
    '{{ mustFromJson "[1,1e999]" }}',
    "ERROR template: k:1:3: error calling mustFromJson: the JSON text has a number beyond the range of float64",
  ],
  ["{{ toJson (rest (list)) }}", "null"],
  ["{{ toJson (concat (list)) }}", "null"],
  ["{{ toJson (list) }}", "[]"],
  ['{{ toJson (regexFindAll "x" "y" -1) }}', "null"],
  ["{{ toJson 1.0 }}", "1"],
  ["{{ toJson 1e21 }}", "1e+21"],
  ["{{ toJson 1e-7 }}", "1e-7"],
  ["{{ toJson -0.0 }}", "-0"],
  ['{{ toJson (dict "b" 1 "a" "é\\u2028\\x7f\\b\\x00") }}', '{"a":"é\\u2028\\b\\u0000","b":1}'],
  [
    '{{ toPrettyJson (dict "a" (list) "b" (dict) "c" (list 1 (dict "x" 1))) }}',
    '{\n  "a": [],\n  "b": {},\n  "c": [\n    1,\n    {\n      "x": 1\n    }\n  ]\n}',
  ],
  ["{{ toPrettyJson (list) }}", "[]"],
  ["{{ toJson 123456789012345678 }}", "123456789012345678"],
  ["{{ toJson 0.1 }}", "0.1"],
  ["{{ toJson 1e20 }}", "100000000000000000000"],
  ["{{ toJson 0.000001 }}", "0.000001"],
  ["{{ toJson 100 }}", "100"],
  ['{{ toJson "<a>&\'\\"\\\\/" }}', '"\\u003ca\\u003e\\u0026\'\\"\\\\/"'],
  ['{{ toRawJson "<a>&\'\\"\\\\/\\u2029" }}', '"<a>&\'\\"\\\\/\\u2029"'],
  ["{{ toPrettyJson nil }}", "null"],
  ["{{ toJson nil }}", "null"],
  ["{{ mustToJson true }}", "true"],
  ['{{ mustToRawJson (list "<" nil) }}', '["<",null]'],
  ['{{ mustToPrettyJson (dict "<" "<") }}', '{\n  "\\u003c": "\\u003c"\n}'],
  ["{{ toJson .bin }}", '"\\ufffd\\ufffd\\u0000"'],
  [
    "{{ toJson . }}",
    '{"bin":"\\ufffd\\ufffd\\u0000","foo":"b\\u003c\\u0026\\u003e\\"ar","mixed":"aé\\ufffdBc d"}',
  ],
  ["{{ toRawJson . }}", '{"bin":"\\ufffd\\ufffd\\u0000","foo":"b<&>\\"ar","mixed":"aé\\ufffdBc d"}'],
  [
    "{{ toPrettyJson . }}",
    '{\n  "bin": "\\ufffd\\ufffd\\u0000",\n  "foo": "b\\u003c\\u0026\\u003e\\"ar",\n  "mixed": "aé\\ufffdBc d"\n}',
  ],
  ["{{ toJson .mixed }}", '"aé\\ufffdBc d"'],
  ["{{ toRawJson .mixed }}", '"aé\\ufffdBc d"'],
  ['{{ toJson (float64 "NaN") }}', ""],
  ['{{ toPrettyJson (list (float64 "inf")) }}', ""],
  [
    '{{ mustToJson (float64 "NaN") }}',
    "ERROR template: k:1:3: error calling mustToJson: a number that is not finite has no form in JSON",
  ],
  [
    '{{ toRawJson (float64 "NaN") }}',
    "ERROR template: k:1:3: error calling toRawJson: a number that is not finite has no form in JSON",
  ],
  ['{{ toJson (fromJson "{\\"a\\":9007199254740993,\\"b\\":1.5e3}") }}', '{"a":9007199254740992,"b":1500}'],
  ['{{ fromJson "{\\"a\\":1,\\"a\\":{}}" }}', "map[a:map[]]"],
  ['{{ fromJson "" }}', "<no value>"],
  ['{{ fromJson "nul" }}', "<no value>"],
  ['{{ fromJson " [1 , \\"\\\\ud83d\\\\ude00\\\\ud800x\\\\u00e9\\\\/\\\\b\\"] " }}', "[1 😀�xé/\b]"],
  ['{{ fromJson "[1,]" }}', "<no value>"],
  ['{{ fromJson "{\\"a\\" 1}" }}', "<no value>"],
  ['{{ fromJson "01" }}', "<no value>"],
  ['{{ fromJson "-0" }}', "-0"],
  ['{{ fromJson "1 2" }}', "<no value>"],
  ['{{ fromJson "\\"\\t\\"" }}', "<no value>"],
  ['{{ fromJson "[]" | toJson }}', "[]"],
  ['{{ fromJson "{}" | toJson }}', "{}"],
  ['{{ fromJson "null" | toJson }}', "null"],
  ['{{ fromJson "true" }}', "true"],
  ['{{ fromJson "\\"\\\\q\\"" }}', "<no value>"],
  ['{{ fromJson "\\"\\\\ud800\\\\u0041\\"" }}', "�A"],
  ['{{ fromJson "[1.5,2]" | typeOf }}', "[]interface {}"],
  ['{{ index (fromJson "[1.5,2]") 1 | typeOf }}', "float64"],
  ['{{ fromJson "{\\"\\\\u0061\\":[{\\"b\\":null}]}" }}', "map[a:[map[b:<nil>]]]"],
  ['{{ printf "\\"%s\\"" .mixed | fromJson }}', "aé�Bc d"],
  ['{{ fromJson "1.e3" }}', "<no value>"],
  ["{{ fromJson \"'a'\" }}", "<no value>"],
  ["{{ fromJson \"{'a':1}\" }}", "<no value>"],
  ['{{ fromJson "[\\"\\\\uD83D\\\\u0041\\"]" }}', "[�A]"],
  ['{{ fromJson "\\"\\\\udc00\\\\ud83d\\\\ude00\\"" }}', "�😀"],
  ['{{ mustFromJson "{" }}', "ERROR template: k:1:3: error calling mustFromJson: the text is not JSON"],
  ['{{ (fromJson "{\\"a\\":{\\"b\\":[1,2]}}").a.b }} {{ mustFromJson "{\\"a\\":1}" }}', "[1 2] map[a:1]"],
  ['{{ with fromJson "{\\"a\\":[1,{\\"b\\":true}]}" }}{{ (index .a 1).b }}{{ end }}', "true"],
  ['{{ toJson (dict "t" (list 1.5 nil true "x")) | fromJson }}', "map[t:[1.5 <nil> true x]]"],
  ['{{ mustToJson (list 1 "<") }}', '[1,"\\u003c"]'],
  ['{{ mustToRawJson "<" }}', '"<"'],
  ["{{ mustToPrettyJson (list 1) }}", "[\n  1\n]"],
  ['{{ mustFromJson "[1]" }}', "[1]"],
  ['{{ fromJson "{\\"a\\":1,\\"a\\":{}}" | toJson }}', '{"a":{}}'],
  ['{{ fromJson "[0.1,-0,1E2]" | toJson }}', "[0.1,-0,100]"],
]);

test("a string of a mebibyte is read whole, escapes and all", () => {
  for (const character of ["a", "\\\\", '\\"', "\\u00e9"]) {
    const data = new Map([["j", Buffer.from(`"${character.repeat(1_000_000 / character.length)}"`)]]);
    assert.match(render("{{ fromJson .j | len }}", { data }), /^\d{6,7}$/);
  }
});
