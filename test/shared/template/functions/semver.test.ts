import { semverFunctions } from "../../../../shared/template/functions/semver.ts";
import { checkFunctions } from "./function-rows.ts";

checkFunctions(semverFunctions, [
  ['{{ semver "1.2.3" }}', "1.2.3"],
  ['{{ semver "v1" }}', "1.0.0"],
  ['{{ (semver "1.2.3-alpha.1").Prerelease }}', "alpha.1"],
  ['{{ semver "01.02.03" }}', "1.2.3"],
  [
    '{{ $a := semver "1.2.3" }}{{ $b := semver "1.2.3-rc.1" }}{{ $a.GreaterThan $b }} {{ $a.Equal $b }} {{ $b.Compare $a }} {{ $a.GreaterThanEqual $a }} {{ $b.LessThanEqual $a }}',
    "true false -1 true true",
  ],
  ['{{ (semver "1.0.0-alpha").Compare (semver "1.0.0-alpha.1") }}', "-1"],
  ['{{ (semver "1.0.0-2").Compare (semver "1.0.0-11") }}', "-1"],
  ['{{ (semver "1.0.0-a").Compare (semver "1.0.0-1") }}', "1"],
  ['{{ (semver "1.0.0+a").Compare (semver "1.0.0+b") }}', "0"],
  ['{{ (semver "v1.2.3-rc1+b").IncPatch }}', "1.2.3"],
  ['{{ (semver "v1.2.3-rc1+b").IncMajor.Metadata }}', ""],
  ['{{ (semver "1.2").SetMetadata "m1" }}', "1.2.0+m1"],
  ['{{ (semver "v1.2").SetPrerelease "rc.1" }}', "1.2.0-rc.1"],
  ['{{ semver "1.2.3.4" }}', "ERROR template: k:1:3: error calling semver: the version is malformed"],
  ['{{ semver "" }}', "ERROR template: k:1:3: error calling semver: the version is malformed"],
  ['{{ semver "1.2.3-01" }}', "ERROR template: k:1:3: error calling semver: the version is malformed"],
  [
    '{{ semver "99999999999999999999.0.0" }}',
    "ERROR template: k:1:3: error calling semver: the version is malformed",
  ],
  ['{{ semver "1.2.3-" }}', "ERROR template: k:1:3: error calling semver: the version is malformed"],
  ['{{ semverCompare "1.2.3" "1.2.3" }}', "true"],
  ['{{ semverCompare "^1.2.0" "1.9.9" }}', "true"],
  ['{{ semverCompare "~1.2.0" "1.3.0" }}', "false"],
  ['{{ semverCompare ">=1.0, <2.0" "1.5" }}', "true"],
  ['{{ semverCompare ">= 1.0 < 2.0 || 3.x" "3.4.5" }}', "true"],
  ['{{ semverCompare "1.2 - 1.4.5" "1.4.5" }}', "true"],
  ['{{ semverCompare "1.2 - 1.4.5" "1.4.6" }}', "false"],
  ['{{ semverCompare "*" "1.2.3" }}', "true"],
  ['{{ semverCompare "*" "1.2.3-rc1" }}', "false"],
  ['{{ semverCompare "*-0" "1.2.3-rc1" }}', "true"],
  ['{{ semverCompare ">=1.2.3-0" "1.2.3-rc1" }}', "true"],
  ['{{ semverCompare "^1.2.3-beta.2" "1.2.3-beta.4" }}', "true"],
  [
    '{{ range list "!=1" "!=1.2" "!=1.2.x" "!=1.2.3" ">1" ">1.2" ">1.2.2" "<1.2" "<=1" "<=1.2" "<=1.1" "=1.2" "=>1.2" "=<1.2" "~1" "~1.2" "~>1.2.3" "~0" "~0.0.0" "~*" "^0" "^0.2" "^0.0.3" "^1" "^*" "1" "1.x" "1.2.x" "x" "v1.2.3" ">*" "<*" "!=*" ">=1.2.4" }}{{ semverCompare . "1.2.3" }} {{ end }}',
    "false false false false false false true false true true false true true true true true true false true true false false false true false true true true true true true false true false ",
  ],
  [
    '{{ range list "^0.2.3" "^0.2" "^0.0.3" "^0.0" "^0" "~0.2" "~0" "0.2.x" ">0.2" "<=0.2" "~0.0.0" "0.*" "!=0.2.x" }}{{ semverCompare . "0.2.5" }}{{ semverCompare . "0.0.3" }}{{ semverCompare . "0.3.0" }}{{ semverCompare . "0.0.4" }} {{ end }}',
    "truefalsefalsefalse truefalsefalsefalse falsetruefalsefalse falsetruefalsetrue truetruetruetrue truefalsefalsefalse truetruetruetrue truefalsefalsefalse falsefalsetruefalse truetruefalsetrue truetruetruetrue truetruetruetrue falsetruetruetrue ",
  ],
  [
    '{{ range list ">1.2.3-alpha" "<1.2.3" "1.2.3-rc1" "!=1.2.3-rc1" "~1.2.3-0" "^1.2.3-0" "1.2-0" ">=1.2-0" "=1.2.3-rc1+b" "<=1.2-0" "!=1.2-rc1" }}{{ semverCompare . "1.2.3-rc1" }} {{ end }}',
    "true false true false true true true true true true false ",
  ],
  [
    '{{ semverCompare "" "1.2.3" }}',
    "ERROR template: k:1:3: error calling semverCompare: the constraint is malformed",
  ],
  [
    '{{ semverCompare "nope" "1.2.3" }}',
    "ERROR template: k:1:3: error calling semverCompare: the constraint is malformed",
  ],
  [
    '{{ semverCompare ">=1.0,,<2" "1.2.3" }}',
    "ERROR template: k:1:3: error calling semverCompare: the constraint is malformed",
  ],
  [
    '{{ semverCompare "1.2.3" "x" }}',
    "ERROR template: k:1:3: error calling semverCompare: the version is malformed",
  ],
  [
    '{{ semverCompare "1.2.3 ||" "1.2.3" }}',
    "ERROR template: k:1:3: error calling semverCompare: the constraint is malformed",
  ],
  [
    '{{ semverCompare "1|2" "1.2.3" }}',
    "ERROR template: k:1:3: error calling semverCompare: the constraint is malformed",
  ],
  [
    '{{ semverCompare "xx" "1.2.3" }}',
    "ERROR template: k:1:3: error calling semverCompare: the constraint is malformed",
  ],
  [
    '{{ semverCompare ">=>1" "1.2.3" }}',
    "ERROR template: k:1:3: error calling semverCompare: the constraint is malformed",
  ],
  ['{{ semverCompare "  >= 1.0 ,  < 2 " "1.2.3" }}', "true"],
]);
