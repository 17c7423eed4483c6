import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { KubeAnswerError } from "../../../shared/kube/api-error.ts";
import type { WatchEvent } from "../../../shared/kube/client.ts";
import { WatchDecoder } from "../../../shared/kube/watch-decoder.ts";

const anEvent: fc.Arbitrary<WatchEvent> = fc.record({
  type: fc.constantFrom("ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"),
  object: fc.record({
    metadata: fc.record({ name: fc.string({ unit: "binary" }), resourceVersion: fc.nat().map(String) }),
    data: fc.dictionary(fc.string(), fc.string({ unit: "grapheme" })),
  }),
});

/** Cuts bytes at the given places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, i) => bytes.subarray(i === 0 ? 0 : ends[i - 1], end));
}

function decode(chunks: readonly Uint8Array[], decoder = new WatchDecoder("watch things")): WatchEvent[] {
  return chunks.flatMap((chunk) => [...decoder.push(chunk)]);
}

function normal(events: readonly WatchEvent[]): unknown {
  return JSON.parse(JSON.stringify(events));
}

describe("watch decoder", () => {
  test("any cut into chunks gives the same events", () => {
    fc.assert(
      fc.property(
        fc.array(anEvent, { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 40 }),
        (events, places) => {
          const bytes = Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join(""));
          const decoder = new WatchDecoder("watch things");
          assert.deepEqual(normal(decode(cut(bytes, places), decoder)), normal(events));
          assert.equal(decoder.isMidLine, false);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("single bytes, characters of two to four bytes among them", () => {
    const event = { type: "ADDED", object: { metadata: { name: "é€𝄞" } } };
    const bytes = Buffer.from(`${JSON.stringify(event)}\n`);
    assert.deepEqual(decode(Array.from(bytes, (byte) => Uint8Array.of(byte))), [event]);
  });

  test("lines of several MiB", () => {
    const object = { metadata: { name: "big" }, data: { k: "ü".repeat(1_500_000) } };
    const bytes = Buffer.from(`${JSON.stringify({ type: "ADDED", object })}\n`);
    const places = Array.from({ length: 50 }, (_, i) => i * 65_535);
    assert.deepEqual(decode(cut(bytes, places)), [{ type: "ADDED", object }]);
  });

  test("empty lines and carriage returns are no events", () => {
    const text = '\n\r\n{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}}\r\n  \n';
    assert.equal(decode([Buffer.from(text)]).length, 1);
  });

  test("an unfinished line is known as such", () => {
    const decoder = new WatchDecoder("watch things");
    assert.deepEqual(decode([Buffer.from('{"type":"ADDED"')], decoder), []);
    assert.equal(decoder.isMidLine, true);
  });

  test("a line without end is refused at the limit", () => {
    const decoder = new WatchDecoder("watch things", 100);
    decode([new Uint8Array(100).fill(97)], decoder);
    assert.throws(() => decode([Uint8Array.of(97)], decoder), KubeAnswerError);
  });

  for (const line of [
    "nonsense",
    "null",
    "[]",
    '"ADDED"',
    "{}",
    '{"type":"ADDED"}',
    '{"type":"ADDED","object":null}',
    '{"type":"ADDED","object":[]}',
    '{"type":"RENAMED","object":{}}',
    '{"type":7,"object":{}}',
  ])
    test(`refuses ${line}`, () => {
      assert.throws(() => decode([Buffer.from(`${line}\n`)]), KubeAnswerError);
    });

  test("an object without metadata gets an empty one", () => {
    const [event] = decode([Buffer.from('{"type":"ERROR","object":{"code":410}}\n')]);
    assert.deepEqual(event, { type: "ERROR", object: { code: 410, metadata: {} } });
  });
});
