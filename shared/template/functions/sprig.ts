import type { FunctionTable } from "../function-table.ts";
import { conversionFunctions } from "./conversion.ts";
import { dateFunctions } from "./dates.ts";
import { defaultFunctions } from "./defaults.ts";
import { dictFunctions } from "./dicts.ts";
import { encodingFunctions } from "./encoding.ts";
import { helloFunctions } from "./hello.ts";
import { jsonFunctions } from "./json.ts";
import { letterFunctions } from "./letters.ts";
import { listFunctions } from "./lists.ts";
import { mathFunctions } from "./math.ts";
import { pathFunctions } from "./paths.ts";
import { rangeFunctions } from "./ranges.ts";
import { reflectionFunctions } from "./reflection.ts";
import { regexFunctions } from "./regex.ts";
import { semverFunctions } from "./semver.ts";
import { splittingFunctions } from "./splitting.ts";
import { stringFunctions } from "./strings.ts";
import { urlFunctions } from "./url.ts";

/** The functions of sprig v3.3 that templates may call. */
export const sprigFunctions: FunctionTable = new Map(
  [
    conversionFunctions,
    defaultFunctions,
    dictFunctions,
    encodingFunctions,
    jsonFunctions,
    letterFunctions,
    listFunctions,
    rangeFunctions,
    reflectionFunctions,
    regexFunctions,
    splittingFunctions,
    stringFunctions,
    urlFunctions,
    semverFunctions,
    pathFunctions,
    mathFunctions,
    helloFunctions,
    dateFunctions,
  ].flatMap((table) => [...table]),
);
