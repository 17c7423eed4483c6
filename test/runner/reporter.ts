// A reporter for Node's test runner: writes what `readRecord` reads, one line of JSON for each thing worth keeping.
import { resolve } from "node:path";
import type { TestEvent } from "node:test/reporters";
import type { RecordLine } from "./record.ts";

export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  // Names from the outermost suite to the test being told of: what starts and ends in a file comes in one piece.
  const names: string[] = [];
  for await (const { type, data } of source) {
    const line = (fields: RecordLine): string => `${JSON.stringify(fields)}\n`;
    if (type === "test:start") names.splice(data.nesting, Number.POSITIVE_INFINITY, data.name);
    if (type === "test:complete" && isFile(data))
      yield line({ kind: "file", file: data.name, milliseconds: data.details.duration_ms });
    if (type === "test:fail" && !data.todo) {
      const why = failureType(data.details.error);
      // What has a failing test within it failed with that one, and is no news.
      if (why !== "subtestsFailed")
        yield line({
          kind: "failure",
          file: data.file ?? "",
          names: isFile(data) ? [] : names.slice(0, data.nesting + 1),
          cancelled: why === "cancelledByParent",
          said: messageOf(data.details.error),
        });
    }
    if (type === "test:summary" && data.file === undefined) {
      const { tests, passed, skipped, todo } = data.counts;
      yield line({ kind: "counts", passed, failed: tests - passed - skipped - todo, skipped, todo });
    }
  }
}

/** Node tells of each file as of a test with the file's name. */
function isFile({ name, file, nesting }: { name: string; file?: string; nesting: number }): boolean {
  return nesting === 0 && file !== undefined && resolve(name) === file;
}

function failureType(error: Error): unknown {
  return "failureType" in error ? error.failureType : undefined;
}

/** What the test itself threw, where that is known: Node wraps it. */
function messageOf(error: Error): string {
  const { cause } = error;
  return cause instanceof Error ? cause.message : typeof cause === "string" ? cause : error.message;
}
