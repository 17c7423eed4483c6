import { defaultFunctions } from "../../../../shared/template/functions/defaults.ts";
import { checkFunctions } from "./function-rows.ts";

checkFunctions(defaultFunctions, [
  ['{{ default "d" (dict) }}', "d"],
  ['{{ default "d" }}', "d"],
  ["{{ ternary 1 2 true }}", "1"],
  ['{{ coalesce nil "" 0 "x" }}', "x"],
  ["{{ default 1 0.0 }}", "1"],
  ['{{ default "d" .foo }}', 'b<&>"ar'],
  ['{{ .missing | default "d" }}', "d"],
  ['{{ default "d" nil }}', "d"],
  ["{{ default 1 false }}", "1"],
  ["{{ coalesce }}", "<no value>"],
  ["{{ coalesce nil 0 }}", "<no value>"],
  ['{{ all 1 "a" }}', "true"],
  ["{{ all }}", "true"],
  ["{{ any }}", "false"],
  ['{{ any 0 "" 1 }}', "true"],
  ["{{ all 1 0 }}", "false"],
  ["{{ any 0 }}", "false"],
  ['{{ empty "" }}', "true"],
  ["{{ empty (list nil) }}", "false"],
  ["{{ empty nil }}", "true"],
  ["{{ empty .missing }}", "true"],
  ['{{ ternary "a" nil false }}', "<no value>"],
  ["{{ empty 0 }}", "true"],
  ["{{ empty (until 0) }}", "true"],
  ['{{ ternary 1 2 "x" }}', "ERROR template: k:1:15: expected bool; found another literal"],
  [
    '{{ fail "boom" }}',
    "ERROR template: k:1:3: error calling fail: the template ended itself; its message is not shown, since it may hold a secret",
  ],
]);
