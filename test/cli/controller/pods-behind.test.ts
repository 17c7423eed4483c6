import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { podsBehind } from "../../../cli/controller/pods-behind.ts";
import { ClosedWay } from "../../../cli/controller/way.ts";
import { clientAnswering } from "../../support/answering-client.ts";

const SLICES =
  "/apis/discovery.k8s.io/v1/namespaces/ns/endpointslices?labelSelector=kubernetes.io/service-name=c";
const ENDPOINTS = "/api/v1/namespaces/ns/endpoints/c";
const SERVICE = { namespace: "ns", name: "c", portName: "http", byName: true };
const PORTS = [
  { name: "metrics", port: 8081, protocol: "TCP" },
  { name: "http", port: 8080, protocol: "TCP" },
];

function ref(name: string, more: object = {}): object {
  return { kind: "Pod", name, namespace: "ns", uid: `uid-${name}`, ...more };
}

function slices(endpoints: readonly object[], ports: readonly object[] = PORTS): object {
  return { [SLICES]: { items: [{ endpoints, ports }] } };
}

function endpoint(name: string, more: object = {}): object {
  return { addresses: [`ip-${name}`], conditions: { ready: true }, targetRef: ref(name), ...more };
}

/** A ready Pod with that address, or one that differs. */
function pod(name: string, status: object = {}, metadata: object = {}): Record<string, object> {
  const ready = { podIP: `ip-${name}`, conditions: [{ type: "Ready", status: "True" }] };
  const path = `/api/v1/namespaces/ns/pods/${name}`;
  return { [path]: { metadata: { name, uid: `uid-${name}`, ...metadata }, status: { ...ready, ...status } } };
}

function find(answers: object): Promise<{ pod: string; port: number }[]> {
  return podsBehind(clientAnswering(answers as Record<string, object | number>).client, SERVICE, 1000);
}

async function closedBy(answers: object): Promise<string> {
  const error = await find(answers).then(
    (pods) => assert.fail(JSON.stringify(pods)),
    (error: unknown) => error,
  );
  assert.ok(error instanceof ClosedWay, String(error));
  return error.message;
}

const p = { namespace: "ns", pod: "p", port: 8080 };
const NONE = "found no ready Pod behind the Service";

suite("the Pods behind a Service", () => {
  test("are those that its EndpointSlices name, with the port of the same name", async () => {
    assert.deepEqual(await find({ ...slices([endpoint("p")]), ...pod("p") }), [p]);
    const dual = { podIP: "other", podIPs: [{ ip: "other" }, { ip: "ip-p" }] };
    assert.deepEqual(await find({ ...slices([endpoint("p")]), ...pod("p", dual) }), [p]);
    const unnamed = { ...SERVICE, portName: "" };
    const { client } = clientAnswering({ ...slices([endpoint("p")], [{ port: 9 }]), ...pod("p") } as Record<
      string,
      object
    >);
    assert.deepEqual(await podsBehind(client, unnamed, 1000), [{ ...p, port: 9 }]);
  });

  test("are those of its Endpoints where there are no EndpointSlices", async () => {
    const subsets = [
      {
        addresses: [{ ip: "ip-p", targetRef: ref("p") }],
        notReadyAddresses: [{ ip: "ip-q", targetRef: ref("q") }],
        ports: PORTS,
      },
    ];
    for (const none of [{}, { [SLICES]: { items: [] } }, { [SLICES]: 404 }]) {
      assert.deepEqual(await find({ ...none, [ENDPOINTS]: { subsets }, ...pod("p"), ...pod("q") }), [p]);
    }
  });

  test("are three at most", async () => {
    const names = ["a", "b", "c", "d", "e"];
    const all = Object.assign({}, ...names.map((name) => pod(name)));
    const found = await find({ ...slices(names.map((name) => endpoint(name))), ...all });
    assert.deepEqual(
      found.map(({ pod: name }) => name),
      ["a", "b", "c"],
    );
  });

  const others: [string, object][] = [
    ["not ready", { conditions: { ready: false } }],
    ["ending", { conditions: { ready: true, terminating: true } }],
    ["of another namespace", { targetRef: ref("p", { namespace: "other" }) }],
    ["no Pod", { targetRef: ref("p", { kind: "Node" }) }],
    ["nameless", { targetRef: null }],
    ["without address", { addresses: [] }],
    ["of another uid", { targetRef: ref("p", { uid: "uid-former" }) }],
  ];
  for (const [what, change] of others) {
    test(`are not those of an endpoint that is ${what}`, async () => {
      assert.equal(await closedBy({ ...slices([endpoint("p", change)]), ...pod("p") }), NONE);
    });
  }

  const unready: [string, Record<string, object>][] = [
    ["is not ready", pod("p", { conditions: [{ type: "Ready", status: "False" }] })],
    ["says nothing of being ready", pod("p", { conditions: [] })],
    ["has another address", pod("p", { podIP: "elsewhere" })],
    ["has no address", pod("p", { podIP: undefined })],
    ["is being deleted", pod("p", {}, { deletionTimestamp: "2030-01-01T00:00:00Z" })],
    ["is gone", {}],
  ];
  for (const [what, answers] of unready) {
    test(`are none when the Pod ${what}`, async () => {
      assert.equal(await closedBy({ ...slices([endpoint("p")]), ...answers }), NONE);
    });
  }

  test("are none on a port of another name or protocol", async () => {
    for (const ports of [[{ name: "http", port: 8080, protocol: "UDP" }], [{ name: "", port: 8080 }], []]) {
      assert.equal(await closedBy({ ...slices([endpoint("p")], ports), ...pod("p") }), NONE);
    }
  });

  test("are never looked for by their labels", async () => {
    const { client, asked } = clientAnswering({ ...slices([]), ...pod("poser") } as Record<string, object>);
    await assert.rejects(podsBehind(client, SERVICE, 1000), /found no ready Pod/);
    assert.deepEqual(asked, [SLICES, ENDPOINTS]);
  });

  test("that may not be read say which right is missing", async () => {
    assert.equal(await closedBy({ [SLICES]: 403 }), "may not list endpointslices (403)");
    assert.equal(await closedBy({ [ENDPOINTS]: 403 }), "may not get endpoints (403)");
    const forbidden = { ...slices([endpoint("p")]), "/api/v1/namespaces/ns/pods/p": 403 };
    assert.equal(await closedBy(forbidden), "may not get pods (403)");
    assert.equal(await closedBy({ [SLICES]: 500 }), "could not read endpointslices (500)");
  });
});
