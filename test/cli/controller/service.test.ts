import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { findService } from "../../../cli/controller/service.ts";
import { SealError } from "../../../shared/errors.ts";
import { clientAnswering } from "../../support/answering-client.ts";

const LABELLED = "/api/v1/namespaces/ns/services?labelSelector=app.kubernetes.io/name=sealed-secrets";
const OLD_LABELLED = "/api/v1/namespaces/ns/services?labelSelector=name=sealed-secrets-controller";
const NAMED = "/api/v1/namespaces/ns/services/c";
const CHARTED = "/api/v1/namespaces/ns/services/sealed-secrets";
const SEARCH = { namespace: "ns", name: "c", nameGiven: false, timeoutMs: null };
const NAME_FLAGS =
  "please, use the flag --controller-name and --controller-namespace to set up the name and namespace of the sealed secrets controller; or give --cert FILE";
const NOT_FOUND = 'services "c" not found in namespace "ns"';

function service(name: string, portName?: string, type = "ClusterIP"): object {
  const port = portName === undefined ? { port: 8080 } : { name: portName, port: 8080 };
  return { metadata: { name }, spec: { type, ports: [port] } };
}

function list(...items: object[]): object {
  return { kind: "ServiceList", items };
}

suite("the controller's Service", () => {
  test("is found by its name, and nothing else is asked then", async () => {
    for (const [portName, expected] of [
      [undefined, ""],
      ["web", "web"],
    ] as const) {
      const { client, asked } = clientAnswering({ [NAMED]: service("c", portName) });
      const found = { namespace: "ns", name: "c", portName: expected, byName: true };
      assert.deepEqual(await findService(client, { ...SEARCH, nameGiven: true }), { service: found });
      assert.deepEqual(asked, [NAMED]);
    }
  });

  test("is found by either label, in its namespace, when its usual name is not there", async () => {
    for (const [path, other, portName] of [
      [LABELLED, OLD_LABELLED, "http"],
      [OLD_LABELLED, LABELLED, ""],
    ] as const) {
      const { client, asked } = clientAnswering({ [path]: list(service("x", portName)), [other]: list() });
      const found = { namespace: "ns", name: "x", portName, byName: false };
      assert.deepEqual(await findService(client, SEARCH), { service: found });
      assert.deepEqual(asked, [NAMED, LABELLED, OLD_LABELLED]);
    }
  });

  test("counts once when it carries both labels; others of its kind do not count", async () => {
    const items = [
      service("x", "http"),
      service("x-metrics", "http"),
      service("y", "http-metrics"),
      service("z", "metrics"),
      service("out", "http", "ExternalName"),
    ];
    const { client } = clientAnswering({ [LABELLED]: list(...items), [OLD_LABELLED]: list(...items) });
    const found = { namespace: "ns", name: "x", portName: "http", byName: false };
    assert.deepEqual(await findService(client, SEARCH), { service: found });
  });

  test("is an error when two may be it, with both names and the flag", async () => {
    const { client } = clientAnswering({
      [LABELLED]: list(service("b")),
      [OLD_LABELLED]: list(service("a")),
    });
    const { message, hint } = await refusal(findService(client, SEARCH));
    assert.equal(message, "cannot get sealed secret service: there are several that may be it: ns/a, ns/b");
    assert.equal(hint, "choose one with --controller-name");
  });

  test("is looked for by a given name only", async () => {
    const { client, asked } = clientAnswering({ [LABELLED]: list(service("x")), [OLD_LABELLED]: list() });
    const { message, hint } = await refusal(findService(client, { ...SEARCH, nameGiven: true }));
    assert.equal(message, `cannot get sealed secret service: ${NOT_FOUND}`);
    assert.match(hint, /--controller-name and --controller-namespace/);
    assert.deepEqual(asked, [NAMED]);
    const forbidden = clientAnswering({ [NAMED]: 403 });
    assert.deepEqual(await findService(forbidden.client, { ...SEARCH, nameGiven: true }), {
      service: null,
      reasons: ['reading services "c" in namespace "ns" is not allowed (403)'],
      remedy: "ask for the right to get the controller's Service, or give --cert FILE",
    });
    assert.deepEqual(forbidden.asked, [NAMED]);
  });

  test("is found by the chart's name where Services may not be listed", async () => {
    const { client } = clientAnswering({
      [NAMED]: 403,
      [LABELLED]: 403,
      [CHARTED]: service("sealed-secrets", "http"),
    });
    const found = { namespace: "ns", name: "sealed-secrets", portName: "http", byName: false };
    assert.deepEqual(await findService(client, SEARCH), { service: found });
    const { client: other } = clientAnswering({ [LABELLED]: 403 });
    const result = await findService(other, SEARCH);
    assert.deepEqual(result, {
      service: null,
      reasons: [
        NOT_FOUND,
        "listing the Services of that namespace is not allowed (403)",
        'services "sealed-secrets" not found in namespace "ns"',
      ],
      remedy: NAME_FLAGS,
    });
  });

  test("that is nowhere is told with each place", async () => {
    const { client } = clientAnswering({ [LABELLED]: list(), [OLD_LABELLED]: list() });
    assert.deepEqual(await findService(client, SEARCH), {
      service: null,
      reasons: [
        NOT_FOUND,
        "no Service of that namespace carries the label app.kubernetes.io/name=sealed-secrets or name=sealed-secrets-controller",
      ],
      remedy: NAME_FLAGS,
    });
  });

  test("other failures of the API server end the search", async () => {
    for (const status of [401, 500, 503]) {
      const { client, asked } = clientAnswering({ [NAMED]: status });
      const { message } = await refusal(findService(client, SEARCH));
      assert.equal(
        message,
        `cannot get sealed secret service: the API server answered ${status} for Service ns/c`,
      );
      assert.deepEqual(asked, [NAMED]);
    }
    const { client } = clientAnswering({ [LABELLED]: 500 });
    assert.match((await refusal(findService(client, SEARCH))).message, /the API server answered 500/);
  });
});

async function refusal(promise: Promise<unknown>): Promise<SealError> {
  const error = await promise.then(
    () => assert.fail("it was found"),
    (error: unknown) => error,
  );
  assert.ok(error instanceof SealError, String(error));
  return error;
}
