import { rangeFunctions } from "../../../../shared/template/functions/ranges.ts";
import { checkFunctions } from "./function-rows.ts";

checkFunctions(rangeFunctions, [
  ["{{ until -3 }}", "[0 -1 -2]"],
  ["{{ untilStep 0 10 3 }}", "[0 3 6 9]"],
  ["{{ untilStep 10 0 -4 }}", "[10 6 2]"],
  ["{{ seq 5 }}", "1 2 3 4 5"],
  ["{{ seq 0 }}", "1 0"],
  ["{{ seq 2 -1 }}", "2 1 0 -1"],
  ["{{ seq 1 2 10 }}", "1 3 5 7 9"],
  ["{{ seq 10 -3 0 }}", "10 7 4 1"],
  ["{{ seq 1 2 3 4 }}", ""],
  ["{{ seq }}", ""],
  ["{{ seq -3 }}", "1 0 -1 -2 -3"],
  ["{{ seq 5 5 }}", "5"],
  ["{{ seq 5 0 5 }}", ""],
  ["{{ seq 5 3 5 }}", "5"],
  ["{{ seq 0 -1 5 }}", ""],
  ["{{ seq 5 1 0 }}", ""],
  ["{{ seq 1 0 5 }}", ""],
  ["{{ seq 5 -5 5 }}", ""],
  ["{{ untilStep 5 5 1 }}", "[]"],
  ["{{ untilStep 0 5 0 }}", "[]"],
  ["{{ until 0 }}", "[]"],
  ["{{ until 3 | typeOf }}", "[]int"],
  ["{{ untilStep 5 0 2 }}", "[]"],
  ["{{ untilStep 0 5 -1 }}", "[]"],
]);
