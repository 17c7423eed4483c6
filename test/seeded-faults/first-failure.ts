// A reporter for Node's test runner: writes the name of each failing test the moment it fails. Others keep to the order of
// the tests, and hold back one that failed until those before it, which run beside it, have ended.
import type { TestEvent } from "node:test/reporters";

export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const { type, data } of source)
    if (type === "test:complete" && !data.details.passed && !data.todo) yield `not ok - ${data.name}\n`;
}
