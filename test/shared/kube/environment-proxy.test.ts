import assert from "node:assert/strict";
import { test } from "node:test";
import { environmentProxy } from "../../../shared/kube/environment-proxy.ts";

const PROXY = "http://proxy.example:3128";
const cases: [string, string, Record<string, string>, string | null][] = [
  ["no variable", "https://api.example", {}, null],
  ["https by HTTPS_PROXY", "https://api.example", { HTTPS_PROXY: PROXY }, PROXY],
  ["small letters", "https://api.example", { https_proxy: PROXY }, PROXY],
  ["http by HTTP_PROXY", "http://api.example", { HTTP_PROXY: PROXY }, PROXY],
  ["https not by HTTP_PROXY", "https://api.example", { HTTP_PROXY: PROXY }, null],
  ["a proxy without scheme", "https://api.example", { HTTPS_PROXY: "proxy.example:3128" }, PROXY],
  ["empty is none", "https://api.example", { HTTPS_PROXY: "" }, null],
  ["localhost", "https://localhost:6443", { HTTPS_PROXY: PROXY }, null],
  ["loopback", "https://127.0.0.1:6443", { HTTPS_PROXY: PROXY }, null],
  ["loopback, IPv6", "https://[::1]:6443", { HTTPS_PROXY: PROXY }, null],
  ["everything excepted", "https://api.example", { HTTPS_PROXY: PROXY, NO_PROXY: "*" }, null],
  ["the name", "https://api.example", { HTTPS_PROXY: PROXY, NO_PROXY: "other, api.example" }, null],
  ["its domain", "https://api.example", { HTTPS_PROXY: PROXY, NO_PROXY: "example" }, null],
  ["its domain with a dot", "https://api.example", { HTTPS_PROXY: PROXY, NO_PROXY: ".example" }, null],
  ["a dot leaves the domain out", "https://example", { HTTPS_PROXY: PROXY, NO_PROXY: ".example" }, PROXY],
  ["no part of a name", "https://myexample", { HTTPS_PROXY: PROXY, NO_PROXY: "example" }, PROXY],
  ["capitals", "https://API.example", { HTTPS_PROXY: PROXY, NO_PROXY: "API.EXAMPLE" }, null],
  ["the port", "https://api.example:6443", { HTTPS_PROXY: PROXY, NO_PROXY: "api.example:6443" }, null],
  ["another port", "https://api.example", { HTTPS_PROXY: PROXY, NO_PROXY: "api.example:6443" }, PROXY],
  ["the address", "https://10.1.2.3", { HTTPS_PROXY: PROXY, no_proxy: "10.1.2.3" }, null],
  ["its range", "https://10.1.2.3", { HTTPS_PROXY: PROXY, NO_PROXY: "10.0.0.0/8" }, null],
  ["another range", "https://11.1.2.3", { HTTPS_PROXY: PROXY, NO_PROXY: "10.0.0.0/8" }, PROXY],
  ["a range of IPv6", "https://[fd00::5]", { HTTPS_PROXY: PROXY, NO_PROXY: "fd00::/8" }, null],
  [
    "a range that is none",
    "https://10.1.2.3",
    { HTTPS_PROXY: PROXY, NO_PROXY: "10.0.0.0/99,10.0.0/8" },
    PROXY,
  ],
];

for (const [what, url, env, expected] of cases) {
  test(`proxy: ${what}`, () => assert.equal(environmentProxy(url, env), expected));
}
