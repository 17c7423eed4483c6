import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fromBase32, toBase32 } from "../../../../shared/template/functions/base32.ts";
import { render } from "./function-rows.ts";

const bytes = fc.uint8Array({ maxLength: 40 });
const text = (value: Uint8Array): string => Buffer.from(value).toString("latin1");

test("base32 that was written is read back, at every length", () => {
  fc.assert(
    fc.property(bytes, (value) => {
      assert.deepEqual(fromBase32(toBase32(text(value))), { text: text(value) });
    }),
  );
});

test("base32 in a text that is cut off or changed is refused at a place within it", () => {
  fc.assert(
    fc.property(bytes, fc.nat(), fc.constantFrom("", "1", "a", "="), (value, place, by) => {
      const written = toBase32(text(value));
      const at = written.length === 0 ? 0 : place % written.length;
      const read = fromBase32(written.slice(0, at) + by + written.slice(at + 1));
      if ("illegalAt" in read) assert.ok(read.illegalAt >= 0 && read.illegalAt <= written.length);
      else assert.ok(read.text.length <= value.length);
    }),
  );
});

const data = (item: Uint8Array) => ({ data: new Map([["item", item]]) });

test("JSON is read and written as JavaScript does, up to the order of keys", () => {
  // Go orders keys by their bytes, and escapes what JavaScript leaves as it is.
  const json = fc
    .jsonValue({ noUnicodeString: false })
    .filter((value) => !JSON.stringify(value).includes("__proto__"));
  fc.assert(
    fc.property(json, (value) => {
      const written = render("{{ .item | fromJson | toRawJson }}", data(Buffer.from(JSON.stringify(value))));
      assert.deepEqual(JSON.parse(written), JSON.parse(JSON.stringify(value)));
      assert.equal(render("{{ .item | fromJson | toRawJson }}", data(Buffer.from(written))), written);
      assert.deepEqual(
        JSON.parse(render("{{ .item | fromJson | toPrettyJson }}", data(Buffer.from(written)))),
        JSON.parse(written),
      );
    }),
  );
});

test("a text of any bytes survives the ways back", () => {
  fc.assert(
    fc.property(bytes, (value) => {
      const hex = Buffer.from(value).toString("hex");
      for (const way of [
        "b64enc | b64dec",
        "b32enc | b32dec",
        'splitList "" | join ""',
        'replace "a" "a"',
        'regexSplit "a" .item -1 | join "a"',
      ]) {
        const source = way.startsWith("regex")
          ? `{{ ${way} | printf "%x" }}`
          : `{{ .item | ${way} | printf "%x" }}`;
        assert.equal(render(source, data(value)), hex, way);
      }
      const quoted = render("{{ .item | regexQuoteMeta | b64enc }}", data(value));
      assert.ok(Buffer.from(quoted, "base64").length >= value.length);
    }),
  );
});

test("a text quoted for a pattern matches itself alone", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 20 }), (item) => {
      const source = '{{ regexMatch (printf "^%s$" (regexQuoteMeta .item)) .item }}';
      assert.equal(render(source, data(Buffer.from(item))), "true");
    }),
  );
});
