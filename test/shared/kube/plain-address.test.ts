import assert from "node:assert/strict";
import { test } from "node:test";
import { isPlainAddress } from "../../../shared/kube/plain-address.ts";

test("plain HTTP is for this machine", () => {
  for (const address of [
    "http://vault.example",
    "http://127.0.0.1.example:8200",
    "http://127.example",
    "http://10.0.0.1/",
    "HTTP://kms.example",
    "http://[::2]:8200",
    "http://localhost.example",
  ])
    assert.equal(isPlainAddress(address), true, address);
  for (const address of [
    "https://vault.example",
    "http://localhost:8200",
    "http://127.0.0.1:8200",
    "http://[::1]:8200",
    "http://",
    "",
  ])
    assert.equal(isPlainAddress(address), false, address);
});
