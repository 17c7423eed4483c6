import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { readCertificate } from "../../../shared/seal/certificate.node.ts";
import { followChain, MOST_LINKS, readLinks } from "../../../shared/seal/certificate-chain.node.ts";
import { type ChainKey, chainKey, DAY_MS, link, stepsOf } from "../../support/certificate-chains.ts";

const NOW = new Date(Date.UTC(2030, 0, 31));
const [first, second, third, fourth] = await Promise.all(
  [1, 2, 3, 4].map((day) => chainKey(new Date(Date.UTC(2030, 0, day)))),
);
const stranger = await chainKey(new Date(Date.UTC(2030, 0, 9)));
assert.ok(first && second && third && fourth);
const whole = [await link(first, second), await link(second, third), await link(third, fourth)];

function follow(from: ChainKey, to: ChainKey, links: readonly string[], more = {}) {
  const vouchers = { chainPem: links.join("\n"), compromised: [] as string[], ...more };
  return followChain(from.certificate, to.certificate, vouchers, NOW);
}

function problem(verdict: ReturnType<typeof followChain>): string {
  assert.ok(!verdict.ok, "it vouches");
  return verdict.problem;
}

suite("a chain of certificates", () => {
  test("leads from the pinned key to any later one, each step told", () => {
    const verdict = follow(first, fourth, whole);
    assert.ok(verdict.ok);
    assert.deepEqual(
      verdict.steps.map(({ from, to }) => [from, to]),
      stepsOf(first, second, third, fourth),
    );
    const from = follow(second, third, ["text beside it", ...whole]);
    assert.ok(from.ok);
    assert.deepEqual(
      from.steps.map(({ from: one, to }) => [one, to]),
      stepsOf(second, third),
    );
  });

  test("is followed in whatever order it stands, and past keys that lead nowhere", async () => {
    assert.ok(follow(first, fourth, whole.toReversed()).ok);
    const fork = [await link(first, second), await link(first, third), await link(third, fourth)];
    assert.ok(follow(first, fourth, fork).ok);
  });

  test("counts for nothing where a step is missing", () => {
    for (const missing of whole) {
      const left = whole.filter((one) => one !== missing);
      assert.equal(problem(follow(first, fourth, left)), "is not vouched for by the one before");
    }
  });

  test("does not lead back to an older certificate", async () => {
    const back = [await link(second, first)];
    assert.equal(problem(follow(second, first, back)), "is not newer than the one before");
    const round = [await link(third, second), await link(second, fourth)];
    assert.ok(!follow(third, fourth, round).ok);
  });

  test("is made by keys, not by names: what a stranger signed counts for nothing", async () => {
    assert.ok(!follow(first, stranger, [await link(stranger, stranger)]).ok);
    assert.ok(!follow(first, fourth, [await link(stranger, fourth)]).ok);
    assert.ok(!follow(first, stranger, [...whole, stranger.certificate.pem]).ok);
    assert.ok(!follow(first, fourth, [fourth.certificate.pem]).ok);
  });

  test("does not carry a signature over to another key", async () => {
    const [good = ""] = whole;
    const der = Buffer.from(good.replace(/-----[^-]+-----|\s/g, ""), "base64");
    for (const at of [60, der.length - 10, 250]) {
      const bytes = Buffer.from(der);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      const changed = `-----BEGIN CERTIFICATE-----\n${bytes.toString("base64")}\n-----END CERTIFICATE-----\n`;
      assert.ok(!follow(first, second, [changed]).ok, `byte ${at}`);
    }
  });

  test("vouches for a validity as well, and for no other one", async () => {
    const longer = await chainKey(second.certificate.notBefore, 400 * DAY_MS, second);
    assert.equal(longer.certificate.fingerprint, second.certificate.fingerprint);
    assert.equal(problem(follow(first, longer, whole)), "is not vouched for by the one before");
    assert.ok(follow(first, second, whole).ok);
  });

  test("ends at a key that is expired, wherever it stands", async () => {
    const ended = await chainKey(new Date(Date.UTC(2030, 0, 2)), 3 * DAY_MS);
    const links = [await link(first, ended), await link(ended, fourth)];
    assert.equal(problem(follow(first, fourth, links)), "is not vouched for by the one before");
    assert.match(problem(follow(ended, fourth, links)), /^comes after a key that is not valid now/);
    assert.equal(problem(follow(first, ended, links)), "is not valid now");
  });

  test("does not lead to a key that is yet to come", async () => {
    const later = await chainKey(new Date(NOW.getTime() + DAY_MS));
    assert.equal(problem(follow(first, later, [await link(first, later)])), "is not valid now");
  });

  test("is broken by a compromised key at either end and in between", () => {
    const without = (key: ChainKey) => ({ compromised: [key.certificate.fingerprint] });
    assert.match(problem(follow(first, fourth, whole, without(first))), /compromised, which vouches for/);
    assert.equal(
      problem(follow(first, fourth, whole, without(fourth))),
      "is of a key that was retired as compromised",
    );
    assert.ok(!follow(first, fourth, whole, without(second)).ok);
    assert.ok(follow(second, fourth, whole, without(first)).ok);
  });

  test("is read within bounds: the last links count, and a flood for nothing", async () => {
    const many = Array.from({ length: MOST_LINKS + 5 }, () => whole[0] ?? "");
    assert.equal(readLinks(many.join("")).length, MOST_LINKS);
    assert.ok(!follow(first, third, [...whole, ...many]).ok);
    assert.deepEqual(readLinks(`${whole.join("")}${" ".repeat(1 << 20)}`), []);
    assert.deepEqual(readLinks("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), []);
  });

  test("has links that are certificates for the very key and validity", () => {
    const [one] = readLinks(whole[0] ?? "");
    assert.equal(one?.fingerprint, second.certificate.fingerprint);
    assert.deepEqual(one?.notAfter, second.certificate.notAfter);
    assert.equal(readCertificate(whole[0] ?? "").fingerprint, second.certificate.fingerprint);
  });
});
