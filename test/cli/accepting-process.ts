import { acceptedRecord } from "../../cli/accepted-files.ts";
import { systemIo } from "../../cli/system-io.ts";

// Accepts the files that it is given, one after the other, once its input has ended. With the word `killed` alone it ends amid that.
const things = acceptedRecord("things", (entry): entry is string => typeof entry === "string");
const files = things.require(systemIo);
systemIo.stdout.write("ready");
systemIo.stdin.read();
for (const file of systemIo.args) {
  files.accept(file, () => {
    if (file === "killed") process.kill(process.pid, "SIGKILL");
    return "accepted";
  });
}
