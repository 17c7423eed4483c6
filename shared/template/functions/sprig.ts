import type { FunctionTable } from "../function-table.ts";
import { cipherFunctions } from "./ciphers.ts";
import { conversionFunctions } from "./conversion.ts";
import { dateFunctions } from "./dates.ts";
import { defaultFunctions } from "./defaults.ts";
import { dictFunctions } from "./dicts.ts";
import { digestFunctions } from "./digests.ts";
import { encodingFunctions } from "./encoding.ts";
import { helloFunctions } from "./hello.ts";
import { jsonFunctions } from "./json.ts";
import { letterFunctions } from "./letters.ts";
import { listFunctions } from "./lists.ts";
import { mathFunctions } from "./math.ts";
import { passwordFunctions } from "./passwords.ts";
import { pathFunctions } from "./paths.ts";
import { randomFunctions } from "./random.ts";
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
    randomFunctions,
    passwordFunctions,
    digestFunctions,
    cipherFunctions,
    urlFunctions,
    semverFunctions,
    pathFunctions,
    mathFunctions,
    helloFunctions,
    dateFunctions,
  ].flatMap((table) => [...table]),
);
