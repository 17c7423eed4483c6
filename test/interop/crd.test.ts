import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { parseSealedSecret } from "../../shared/sealed-secret.ts";
import type { ApiResponse } from "../support/control-plane/api-request.ts";
import { type ControlPlane, startControlPlane } from "../support/control-plane/control-plane.ts";
import { asKubeObject, isRecord } from "../support/control-plane/kube-object.ts";
import { readObjects, sealedSecretDefinitionFile } from "../support/control-plane/object-files.ts";
import { type CrdExample, readCrdExamples } from "../support/crd-examples.ts";

const definitionPath = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/sealedsecrets.bitnami.com";
const collection = "/apis/bitnami.com/v1alpha1/namespaces/default/sealedsecrets";
const referenceDefinition = join(import.meta.dirname, "fixtures/reference-0.40-definition.yaml");

let cluster: ControlPlane;

before(async () => {
  cluster = await startControlPlane({ manifests: await readObjects(sealedSecretDefinitionFile) });
});
after(async () => {
  await cluster?.stop();
});

/** Creates an object from its text, so that no number passes through a reader of ours. */
function create(text: string): Promise<ApiResponse> {
  return cluster.request("POST", collection, text, { contentType: "application/yaml" });
}

function serverSideApply(path: string, text: string, force = false): Promise<ApiResponse> {
  return cluster.request("PATCH", `${path}?fieldManager=pipeline&force=${force}`, text, {
    contentType: "application/apply-patch+yaml",
  });
}

async function stored(name: string): Promise<Record<string, unknown>> {
  const { status, body } = await cluster.request("GET", `${collection}/${name}`);
  assert.equal(status, 200);
  return asKubeObject(body);
}

/** The server's verdict on an example: of creating it, then of writing the status it has. */
async function judge({ text, document }: CrdExample): Promise<ApiResponse> {
  const created = await create(text);
  const status = isRecord(document) ? document["status"] : undefined;
  if (created.status !== 201 || status === undefined) return created;
  const object = asKubeObject(created.body);
  return cluster.request("PUT", `${collection}/${object.metadata.name}/status`, { ...object, status });
}

function causes(body: unknown): string[] {
  const details = isRecord(body) && isRecord(body["details"]) ? body["details"] : {};
  const list: unknown = details["causes"];
  return Array.isArray(list) ? list.filter(isRecord).map(({ field }) => String(field)) : [];
}

/** The parts that are the author's and the status, as the schema reads them. */
function essence(document: unknown): unknown {
  const { spec, sops, status } = parseSealedSecret(document, "the object");
  return { spec, sops, status };
}

suite("the API server judges the examples as our schema does", () => {
  for (const example of readCrdExamples("accepted")) {
    test(`accepted: ${example.name}`, async () => {
      const { status, body } = await judge(example);
      assert.ok(status === 201 || status === 200, JSON.stringify(body));
      if (example.name === "unknown-fields") return; // kept in files, dropped by the server: its own test below
      const object = asKubeObject(body);
      assert.deepEqual(essence(await stored(object.metadata.name)), essence(example.document));
    });
  }
  for (const example of readCrdExamples("rejected")) {
    test(`rejected: ${example.name}, at ${example.field}`, async () => {
      const { status, body } = await judge(example);
      assert.ok(status === 400 || status === 422, `${status} ${JSON.stringify(body)}`);
      const message = isRecord(body) ? String(body["message"]) : "";
      if (example.server === null) assert.ok(causes(body).includes(example.field ?? ""), message);
      else assert.ok(message.includes(example.server), message);
    });
  }
});

suite("what the definition keeps", () => {
  const whole = (name: string): string => `
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata: { name: ${name} }
spec:
  encryptedData: { password: AAAA }
  template: { data: { password: null, url: "db:{{ .password }}" } }
  vault:
    - { key: token, mount: kv, path: app, field: token, version: 2, refreshInterval: 10m }
sops: { mac: "ENC[x]", age: [{ recipient: age1x }], nested: { nothing: null } }
`;

  async function assertKept(name: string): Promise<void> {
    const { spec, sops } = await stored(name);
    assert.deepEqual(spec, {
      encryptedData: { password: "AAAA" },
      template: { data: { password: null, url: "db:{{ .password }}" } },
      vault: [{ key: "token", mount: "kv", path: "app", field: "token", version: 2, refreshInterval: "10m" }],
    });
    assert.deepEqual(sops, { mac: "ENC[x]", age: [{ recipient: "age1x" }], nested: { nothing: null } });
  }

  test("null templates, SOPS metadata and Vault references, by create", async () => {
    assert.equal((await create(whole("by-create"))).status, 201);
    await assertKept("by-create");
  });

  test("the same by server-side apply, twice", async () => {
    const path = `${collection}/by-apply`;
    assert.equal((await serverSideApply(path, whole("by-apply"))).status, 201);
    assert.equal((await serverSideApply(path, whole("by-apply"))).status, 200);
    await assertKept("by-apply");
  });

  test("server-side apply owns each Vault reference by its key", async () => {
    const path = `${collection}/by-two`;
    const item = (key: string): string =>
      `${whole("by-two").split("spec:")[0]}spec: { encryptedData: {}, vault: [{ key: ${key}, mount: kv, path: a, field: b }] }`;
    assert.equal((await serverSideApply(path, item("one"))).status, 201);
    const second = await cluster.request("PATCH", `${path}?fieldManager=other`, item("two"), {
      contentType: "application/apply-patch+yaml",
    });
    assert.equal(second.status, 200);
    const { spec } = parseSealedSecret(await stored("by-two"), "by-two");
    assert.deepEqual(
      spec.vault?.map(({ key }) => key),
      ["one", "two"],
    );
  });

  test("our own record in the status", async () => {
    const object = asKubeObject((await create(whole("record"))).body);
    const status = {
      observedGeneration: 1,
      conditions: [{ type: "Synced", status: "True", observedGeneration: 1 }],
      signet: { record: "opaque", keys: ["SHA256:x"], later: { deep: [1, null] } },
      vault: { token: { version: 2, at: null } },
    };
    const written = await cluster.request("PUT", `${collection}/record/status`, { ...object, status });
    assert.equal(written.status, 200);
    assert.deepEqual((await stored("record"))["status"], status);
  });

  test("fields it does not name are dropped, and refused by server-side apply", async () => {
    const text = `${whole("unknown").replace("spec:", "future: 1\nspec:\n  later: {}")}`;
    assert.equal((await create(text)).status, 201);
    const object = await stored("unknown");
    assert.equal(object["future"], undefined);
    assert.ok(isRecord(object["spec"]) && !("later" in object["spec"]));
    assert.equal((await serverSideApply(`${collection}/unknown`, text, true)).status, 500);
  });
});

suite("the status stands apart", () => {
  const text = `{ apiVersion: bitnami.com/v1alpha1, kind: SealedSecret, metadata: { name: apart }, spec: { encryptedData: {} },
    status: { observedGeneration: 9 } }`;

  test("creating and updating the object writes no status, writing the status changes nothing else", async () => {
    const object = asKubeObject((await create(text)).body);
    assert.equal(object["status"], undefined);
    const updated = await cluster.request("PUT", `${collection}/apart`, {
      ...object,
      status: { observedGeneration: 8 },
    });
    assert.equal(updated.status, 200);
    assert.equal(asKubeObject(updated.body)["status"], undefined);
    const { body } = await cluster.request("PUT", `${collection}/apart/status`, {
      ...asKubeObject(updated.body),
      spec: { encryptedData: { sneaked: "AAAA" } },
      status: { observedGeneration: 1 },
    });
    const after = asKubeObject(body);
    assert.deepEqual(after["status"], { observedGeneration: 1 });
    assert.deepEqual(after["spec"], { encryptedData: {} });
    assert.equal(after.metadata["generation"], 1);
  });
});

suite("the columns that kubectl shows", () => {
  test("are the message and status of the first condition, and the age", async () => {
    const { body } = await cluster.request("GET", `${collection}/status-synced`, undefined, {
      accept: "application/json;as=Table;v=v1;g=meta.k8s.io",
    });
    assert.ok(isRecord(body) && Array.isArray(body["columnDefinitions"]) && Array.isArray(body["rows"]));
    const names = body["columnDefinitions"].filter(isRecord).map(({ name }) => name);
    assert.deepEqual(names, ["Name", "Status", "Synced", "Age"]);
    const [row] = body["rows"].filter(isRecord);
    assert.ok(row !== undefined && Array.isArray(row["cells"]));
    assert.equal(row["cells"][2], "True");
  });
});

suite("upgrading from Sealed Secrets 0.40 with objects in the cluster", () => {
  test("one server-side apply keeps the objects, and from then on null templates", async () => {
    const older = await startControlPlane({ manifests: await readObjects(referenceDefinition) });
    try {
      const request = older.request;
      const body = (name: string): string =>
        `{ apiVersion: bitnami.com/v1alpha1, kind: SealedSecret, metadata: { name: ${name} },
           spec: { encryptedData: { a: AAAA }, template: { data: { a: null, b: text } } } }`;
      const post = (name: string): Promise<ApiResponse> =>
        request("POST", collection, body(name), { contentType: "application/yaml" });
      const specOf = async (name: string): Promise<unknown> =>
        asKubeObject((await request("GET", `${collection}/${name}`)).body)["spec"];

      const live = asKubeObject((await post("live")).body);
      const status = { observedGeneration: 1, conditions: [{ type: "Synced", status: "True" }] };
      assert.equal((await request("PUT", `${collection}/live/status`, { ...live, status })).status, 200);
      const pruned = { encryptedData: { a: "AAAA" }, template: { data: { b: "text" } } };
      assert.deepEqual(await specOf("live"), pruned, "the older definition drops the null");

      const apply = await request(
        "PATCH",
        `${definitionPath}?fieldManager=kubectl&force=true`,
        await readFile(sealedSecretDefinitionFile, "utf8"),
        { contentType: "application/apply-patch+yaml" },
      );
      assert.equal(apply.status, 200, JSON.stringify(apply.body));

      const kept = { encryptedData: { a: "AAAA" }, template: { data: { a: null, b: "text" } } };
      // The new schema takes effect a moment after the apply has been answered.
      const deadline = Date.now() + 30_000;
      for (let round = 0; ; round++) {
        assert.equal((await post(`fresh-${round}`)).status, 201);
        const spec = await specOf(`fresh-${round}`);
        if (Date.now() > deadline) assert.deepEqual(spec, kept);
        if (JSON.stringify(spec) === JSON.stringify(kept)) break;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }

      const after = asKubeObject((await request("GET", `${collection}/live`)).body);
      assert.deepEqual(after["spec"], pruned);
      assert.deepEqual(after["status"], status);
      assert.equal(after.metadata.uid, live.metadata.uid);
      const again = await request(
        "PATCH",
        `${collection}/live?fieldManager=pipeline&force=true`,
        body("live"),
        {
          contentType: "application/apply-patch+yaml",
        },
      );
      assert.equal(again.status, 200, JSON.stringify(again.body));
      assert.deepEqual(await specOf("live"), kept);
    } finally {
      await older.stop();
    }
  });
});
