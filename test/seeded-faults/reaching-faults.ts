import type { Fault } from "./fault.ts";

const serviceTest = "test/cli/controller/service.test.ts";
const podsTest = "test/cli/controller/pods-behind.test.ts";
const clientTest = "test/cli/controller-client.test.ts";
const recordTest = "test/cli/certificate-record.test.ts";
const streamTest = "test/shared/kube/pod-stream.test.ts";

/** Faults by which the CLI would take something else for the controller. */
export const reachingFaults: readonly Fault[] = [
  {
    what: "the first of two Services that may be the controller's is taken",
    file: "cli/controller/service.ts",
    find: "if (more.length > 0) throw",
    replace: "if (more.length > 9) throw",
    test: serviceTest,
  },
  {
    what: "another Service is looked for though the user gave a name",
    file: "cli/controller/service.ts",
    find: "  if (nameGiven) {",
    replace: "  if (nameGiven && named.isForbidden) {",
    test: serviceTest,
  },
  {
    what: "a metrics Service counts as the controller",
    file: "cli/controller/service.ts",
    find: '    !name.endsWith("-metrics") &&\n',
    replace: "",
    test: serviceTest,
  },
  {
    what: "a Service found by label counts as the named one",
    file: "cli/controller/service.ts",
    find: "found.set(service.name, { ...service, byName: false })",
    replace: "found.set(service.name, { ...service, byName: true })",
    test: serviceTest,
  },
  {
    what: "a Pod that has another address than the endpoint is forwarded to",
    file: "cli/controller/pods-behind.ts",
    find: "return addresses.includes(address) && ready === true;",
    replace: "return ready === true;",
    test: podsTest,
  },
  {
    what: "a Pod that is not ready is forwarded to",
    file: "cli/controller/pods-behind.ts",
    find: "return addresses.includes(address) && ready === true;",
    replace: "return addresses.includes(address);",
    test: podsTest,
  },
  {
    what: "an endpoint may name a Pod of another namespace",
    file: "cli/controller/pods-behind.ts",
    find: " || (targetRef.namespace ?? namespace) !== namespace",
    replace: "",
    test: podsTest,
  },
  {
    what: "a Pod made anew under the same name is forwarded to",
    file: "cli/controller/pods-behind.ts",
    find: "if (uid !== null && pod.metadata.uid !== uid) return false;",
    replace: "",
    test: podsTest,
  },
  {
    what: "a page that answers in the controller's place says that everything opens",
    file: "cli/controller-client.ts",
    find: "if (status === 200 && body.length === 0)",
    replace: "if (status === 200)",
    test: clientTest,
  },
  {
    what: "what was sealed anew on a fallback way counts, whoever did it",
    file: "cli/controller-client.ts",
    find: "if (fallback || pin !== null) await refuseUntrusted();",
    replace: "if (!fallback) await refuseUntrusted();",
    test: clientTest,
  },
  {
    what: "the published certificate is asked for a verdict, too",
    file: "cli/controller-client.ts",
    find: 'if ("closed" in reached) throw closedError(doing, reached);',
    replace: 'if ("closed" in reached) throw await published(reached);',
    test: clientTest,
    named: "leads to the published certificate last, and for the certificate only",
  },
  {
    what: "each question looks for the way anew",
    file: "cli/controller/way-search.ts",
    find: "        this.#kept = way;\n",
    replace: "",
    test: clientTest,
    named: "is looked for once and kept",
  },
  {
    what: "a changed certificate is taken from a fallback way",
    file: "cli/certificate-record.ts",
    find: "if (last !== undefined && !known.some(",
    replace: "if (last === undefined && !known.some(",
    test: recordTest,
  },
  {
    what: "a controller not seen by its name is trusted whatever its neighbours had",
    file: "cli/certificate-record.ts",
    find: "const known = own === undefined ? neighbours : [own];",
    replace: "const known = own === undefined ? [] : [own];",
    test: recordTest,
  },
  {
    what: "groups to impersonate go as one header",
    file: "shared/kube/pod-stream.ts",
    find: "return { ...(own as Record<string, string | string[]>), ...more };",
    replace:
      "return { ...(own as Record<string, string>), ...Object.fromEntries(Object.entries(more).map(([key, value]) => [key, String(value)])) };",
    test: streamTest,
  },
  {
    what: "the port's number is taken for the beginning of the answer",
    file: "shared/kube/pod-stream.ts",
    find: "const PORT_BYTES = 2;",
    replace: "const PORT_BYTES = 0;",
    test: streamTest,
  },
];
