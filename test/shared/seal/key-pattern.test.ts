import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { isKeyPattern, KeyAllowList, type PatternKind } from "../../../shared/seal/key-pattern.ts";
import { processorTime } from "../../support/processor-time.ts";

const ARN = "arn:aws:kms:eu-central-1:123456789012:";

/** What fits whom: kind, pattern, key, namespace of the object, and whether it may be used. */
const table: [PatternKind, string, string, string, boolean][] = [
  ["kms", `${ARN}key/1234`, `${ARN}key/1234`, "a", true],
  ["kms", `${ARN}key/1234`, `${ARN}key/12345`, "a", false],
  ["kms", `${ARN}key/1234`, `${ARN}key/123`, "a", false],
  ["kms", `${ARN}key/ab`, `${ARN}key/AB`, "a", false],
  ["kms", `${ARN}key/*`, `${ARN}key/1234`, "a", true],
  ["kms", `${ARN}key/*`, `${ARN}alias/1234`, "a", false],
  ["kms", `${ARN}alias/*`, `${ARN}key/1234`, "a", false],
  ["kms", `${ARN}alias/*`, `${ARN}alias/team/db`, "a", false],
  ["kms", `${ARN}alias/*/db`, `${ARN}alias/team/db`, "a", true],
  ["kms", `${ARN}alias/{namespace}`, `${ARN}alias/a`, "a", true],
  ["kms", `${ARN}alias/{namespace}`, `${ARN}alias/b`, "a", false],
  ["kms", `${ARN}alias/{namespace}`, `${ARN}alias/a/b`, "a", false],
  ["kms", `${ARN}alias/{namespace}/*`, `${ARN}alias/a/db`, "a", true],
  ["kms", `${ARN}alias/{namespace}/*`, `${ARN}alias/a-b/db`, "a", false],
  ["kms", `${ARN}alias/{namespace}/*`, `${ARN}alias/a`, "a", false],
  ["kms", `${ARN}alias/{namespace}`, `${ARN}alias/`, "", false],
  ["kms", `${ARN}alias/{namespace}`, `${ARN}alias/{namespace}`, "a", false],
  ["kms", "arn:aws:kms:*:123456789012:key/*", `${ARN}key/1`, "a", true],
  ["kms", "arn:aws:kms:*:123456789012:key/*", "arn:aws:kms:eu-central-1:999999999999:key/1", "a", false],
  ["kms", "arn:aws:kms:eu-central-1:*:key/1", "arn:aws:kms:us-east-1:123456789012:key/1", "a", false],
  ["kms", "arn:aws:kms:*:123456789012:key/1", "arn:aws:kms:x:evil:123456789012:key/1", "a", false],
  ["kms", `${ARN}key/1*4`, `${ARN}key/1234`, "a", true],
  ["kms", `${ARN}key/1*4`, `${ARN}key/14`, "a", true],
  ["kms", `${ARN}key/1*1`, `${ARN}key/1`, "a", false],
  ["kms", `${ARN}key/*2*3*`, `${ARN}key/1234`, "a", true],
  ["kms", `${ARN}key/*3*2*`, `${ARN}key/1234`, "a", false],
  ["kms", `${ARN}key/mrk-*`, `${ARN}key/mrk-12`, "a", true],
  ["kms", `${ARN}alias/a:b`, `${ARN}alias/a/b`, "a", false],
  ["vault", "transit/app", "transit/app", "a", true],
  ["vault", "transit/app", "Transit/app", "a", false],
  ["vault", "transit/*", "transit/app", "a", true],
  ["vault", "transit/*", "transit/team/app", "a", false],
  ["vault", "transit/*", "transit/", "a", false],
  ["vault", "*/app", "teams/transit/app", "a", false],
  ["vault", "transit/{namespace}", "transit/team-a", "team-a", true],
  ["vault", "transit/{namespace}", "transit/team-b", "team-a", false],
  ["vault", "{namespace}/transit/*", "team-a/transit/app", "team-a", true],
  ["vault", "{namespace}/transit/*", "team-a/transit/app", "", false],
  ["vault", "transit/app.v1", "transit/app.v1", "a", true],
  ["vault", "transit/app.v1", "transit/appxv1", "a", false],
];

suite("which keys a pattern fits", () => {
  for (const [kind, pattern, key, namespace, fits] of table) {
    test(`${pattern} and ${key} for ${JSON.stringify(namespace)}: ${fits ? "yes" : "no"}`, () => {
      assert.equal(new KeyAllowList(kind, [pattern]).permits(key, namespace), fits);
    });
  }

  test("one of several is enough, none is none", () => {
    assert.ok(new KeyAllowList("vault", ["t/x", "t/y"]).permits("t/y", "a"));
    assert.ok(!new KeyAllowList("vault", []).permits("t/y", "a"));
  });

  const segment = fc.stringMatching(/^[a-z0-9-]{1,6}$/);
  const path = fc.array(segment, { minLength: 2, maxLength: 4 });

  test("a key fits itself, and no other key fits it", () => {
    fc.assert(
      fc.property(path, path, segment, (one, other, namespace) => {
        const [key, another] = [one.join("/"), other.join("/")];
        const list = new KeyAllowList("vault", [key]);
        assert.ok(list.permits(key, namespace));
        assert.equal(list.permits(another, namespace), key === another);
      }),
    );
  });

  test("a star stands for text within its segment, whatever that is", () => {
    fc.assert(
      fc.property(path, fc.nat(3), fc.nat(6), fc.nat(6), segment, (parts, at, from, to, more) => {
        const where = at % parts.length;
        const part = parts[where] ?? "";
        const [start, end] = [Math.min(from, to, part.length), Math.min(Math.max(from, to), part.length)];
        const starred = parts.with(where, `${part.slice(0, start)}*${part.slice(end)}`).join("/");
        const list = new KeyAllowList("vault", [starred]);
        assert.ok(list.permits(parts.join("/"), "a"));
        assert.ok(!list.permits([...parts, more].join("/"), "a"));
        assert.ok(!list.permits([more, ...parts].join("/"), "a"));
        assert.ok(!list.permits(parts.with(where, `${part}/${part}`).join("/"), "a"));
      }),
    );
  });

  test("{namespace} fits that of the object alone", () => {
    fc.assert(
      fc.property(segment, segment, (namespace, other) => {
        const list = new KeyAllowList("vault", ["transit/{namespace}"]);
        assert.equal(list.permits(`transit/${other}`, namespace), other === namespace);
        assert.ok(!list.permits(`transit/${other}`, ""));
      }),
    );
  });

  test("a star takes no time that grows with its tries", () => {
    const list = new KeyAllowList("kms", [`${ARN}key/${"a*".repeat(60)}b`]);
    const took = processorTime();
    for (let round = 0; round < 200; round++) assert.ok(!list.permits(`${ARN}key/${"a".repeat(2000)}`, "a"));
    assert.ok(took() < 1000);
  });
});

const notPatterns: [PatternKind, string][] = [
  ["kms", ""],
  ["kms", "*"],
  ["kms", "1234"],
  ["kms", "alias/db"],
  ["kms", `${ARN}key`],
  ["kms", `${ARN}key/`],
  ["kms", `${ARN}alias/a//b`],
  ["kms", `${ARN}*/x`],
  ["kms", "arn:aws:*:eu-central-1:123456789012:key/x"],
  ["kms", `${ARN}alias/{namespace}*`],
  ["kms", `${ARN}alias/*{namespace}`],
  ["kms", `${ARN}alias/team-{namespace}`],
  ["kms", `${ARN}alias/{namespace}{namespace}`],
  ["kms", `${ARN}alias/{name}`],
  ["kms", `${ARN}alias/{Namespace}`],
  ["kms", `${ARN}alias/..`],
  ["kms", `${ARN}alias/a%2fb`],
  ["kms", `${ARN}alias/a?`],
  ["kms", `${ARN}alias/a\n`],
  ["kms", "arn:aws:kms:{namespace}:123456789012:key/x"],
  ["vault", ""],
  ["vault", "*"],
  ["vault", "app"],
  ["vault", "/app"],
  ["vault", "transit/"],
  ["vault", "transit//app"],
  ["vault", "transit/./app"],
  ["vault", "transit/../app"],
  ["vault", "transit/.."],
  ["vault", "transit/..."],
  ["vault", "transit/%2e%2e/app"],
  ["vault", "transit/app?x"],
  ["vault", "transit/app#x"],
  ["vault", "transit/app:x"],
  ["vault", "transit/a b"],
  ["vault", "transit/app\n"],
  ["vault", "transit/{namespace}-app"],
  ["vault", "transit/{namespace}*"],
  ["vault", "transit/*{namespace}"],
  ["vault", "transit/{"],
  ["vault", "transit/äpp"],
];

suite("what a pattern may be", () => {
  for (const [kind, pattern, key, namespace] of table.filter(([, , , , fits]) => fits)) {
    test(`${kind}: ${pattern}`, () => {
      assert.ok(isKeyPattern(kind, pattern));
      assert.ok(new KeyAllowList(kind, [pattern]).permits(key, namespace));
    });
  }
  for (const [kind, text] of notPatterns) {
    test(`${kind}: not ${JSON.stringify(text)}`, () => assert.ok(!isKeyPattern(kind, text)));
  }
});
