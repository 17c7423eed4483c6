import { digestFunctions } from "../../../../shared/template/functions/digests.ts";
import { checkFunctions } from "./function-rows.ts";

checkFunctions(digestFunctions, [
  ['{{ sha1sum "abc" }}', "a9993e364706816aba3e25717850c26c9cd0d89d"],
  ['{{ sha1sum "" }}', "da39a3ee5e6b4b0d3255bfef95601890afd80709"],
  ['{{ sha256sum "abc" }}', "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  ["{{ sha256sum 1 }}", "ERROR template: k:1:13: expected string; found another literal"],
  [
    '{{ sha512sum "abc" }}',
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
  ],
  ['{{ adler32sum "Wikipedia" }}', "300286872"],
  ['{{ adler32sum "" }}', "1"],
]);
