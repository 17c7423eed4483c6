import assert from "node:assert/strict";
import { test } from "node:test";
import { letterFunctions } from "../../../../shared/template/functions/letters.ts";
import { checkFunctions, render } from "./function-rows.ts";

checkFunctions(letterFunctions, [
  ['{{ camelcase "_" }}', "__"],
  ['{{ camelcase "__" }}', "___"],
  ['{{ camelcase "a" }}', "A"],
  ['{{ initials "é à"}} {{ nospace "é é" }}', "ÃÃ Ã©Ã©"],
  ['{{ nospace "éé" }}', "éé"],
  ['{{ initials "John  doe" }}', "Jd"],
  ['{{ nospace " a b\\tc " }}', "abc"],
  ['{{ initials "" }}', ""],
  ['{{ title "hello wOrld o\'neil-x ÿa" }}', "Hello WOrld O'Neil-X Ÿa"],
  ['{{ untitle "Hello World" }}', "hello world"],
  ['{{ swapcase "This Is a.Test" }}', "tHIS iS A.tEST"],
  ['{{ upper "straße" }}', "STRAßE"],
  ['{{ lower "İ" }}', "i"],
  ['{{ title "a_b 1c dž ǆ" }}', "A_b 1c Dž ǅ"],
  ['{{ untitle "ÀÉ  Éa" }}', "àÉ  éa"],
  ['{{ swapcase "ǅ aB cD éÉ" }}', "ǆ Ab Cd Éé"],
  ["{{ upper .mixed }}", "AÉ�BC D"],
  ["{{ lower .mixed }}", "aé�bc d"],
  ["{{ title .mixed }}", "Aé�Bc D"],
  ["{{ swapcase .mixed }}", "AÉ�bC D"],
  ["{{ untitle .mixed }}", "aé�Bc d"],
  ['{{ upper "ﬁ ŉ ᾳ ǆ" }}', "ﬁ ŉ ᾼ Ǆ"],
  ['{{ lower "ΑΣ ẞ K" }}', "ασ ß k"],
  ['{{ snakecase "HTTPServer2xx Bld4Floor3rd" }}', "http_server_2xx_bld4_floor_3rd"],
  ['{{ kebabcase "FirstName" }}', "first-name"],
  ['{{ camelcase "http_server" }}', "HttpServer"],
  ['{{ camelcase "GOLANG_IS_GREAT" }}', "GolangIsGreat"],
  ['{{ camelcase "_complex__case_" }}', "_Complex_Case_"],
  ['{{ camelcase "some words-and more" }}', "SomeWordsAndMore"],
  ['{{ snakecase "" }}', ""],
  ['{{ snakecase "a" }}', "a"],
  ['{{ snakecase "A1" }}', "a1"],
  ['{{ snakecase "http2xx" }}', "http_2xx"],
  ['{{ snakecase "Duration2m3s" }}', "duration_2m3s"],
  ['{{ kebabcase "GO_PATH  x" }}', "go-path--x"],
  ['{{ snakecase "a.b,C" }}', "a.b,c"],
  ['{{ snakecase "日本語Text中" }}', "日本語_text_中"],
  ["{{ snakecase .mixed }}", "aé_�bc_d"],
  ["{{ camelcase .mixed }}", "Aé�BcD"],
  ['{{ kebabcase "__a__B--" }}', "--a--b--"],
  ['{{ snakecase "AbC12De3 4F" }}', "ab_c12_de3_4_f"],
  ['{{ snakecase "x+yZ=1" }}', "x_+_y_z_=1"],
  ['{{ camelcase "日本-語" }}', "日本語"],
  ['{{ camelcase "aBC dEF" }}', "ABCDEF"],
  ['{{ snakecase "NoHTTPS" }}', "no_https"],
  ['{{ kebabcase "HTTP" }}', "http"],
  ['{{ snakecase "ABc" }}', "a_bc"],
  ['{{ snakecase "Ab1C" }}', "ab1_c"],
  ['{{ snakecase "a\\xffB" | b64enc }}', "YV/vv71i"],
  ['{{ shuffle "abc" }}', "ERROR template: k:1:3: these functions are not allowed here: shuffle (random)"],
  ["{{ upper 1 }}", "ERROR template: k:1:9: expected string; found another literal"],
]);

test("shuffle exchanges each character, from the last on, with one drawn from those up to it", () => {
  const draws = [0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0];
  let drawn = 0;
  const random = (length: number) => {
    drawn += length;
    return Uint8Array.from(draws.slice(drawn - length, drawn));
  };
  assert.equal(render('{{ shuffle "aébc" }}', { random }), "caéb");
  assert.equal(drawn, draws.length);
});

test("shuffle draws again what would make one place likelier than another", () => {
  // 2 ** 32 is no multiple of 3: its last number is left out.
  const draws = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 1];
  let drawn = 0;
  const random = (length: number) => {
    drawn += length;
    return Uint8Array.from(draws.slice(drawn - length, drawn));
  };
  assert.equal(render('{{ shuffle "abc" }}', { random }), "cba");
  assert.equal(drawn, draws.length);
});
