import assert from "node:assert/strict";
import { test } from "node:test";
import { eventLine, occurrence } from "../../../controller/events/event-object.ts";
import { ABOUT, FAILED, recorderScene, UNSEALED } from "./recorder-scene.ts";

const AT = new Date("2030-01-01T00:00:00Z");

test("the line of an event is the one that dashboards match on", () => {
  assert.equal(
    eventLine(occurrence(ABOUT, UNSEALED, AT)),
    'Event(v1.ObjectReference{Kind:"SealedSecret", Namespace:"team", Name:"db", UID:"u1", APIVersion:"bitnami.com/v1alpha1", ResourceVersion:"7", FieldPath:""}): type: \'Normal\' reason: \'Unsealed\' SealedSecret unsealed successfully',
  );
});

test("each event is logged as one line of level INFO, warnings too", () => {
  const { events, lines } = recorderScene();
  events.record(ABOUT, UNSEALED);
  events.record(ABOUT, { ...FAILED, message: "100% of %s\nlevel=ERROR" });
  assert.equal(lines.length, 2);
  assert.match(
    lines[0] ?? "",
    /level=INFO msg="Event\(v1\.ObjectReference\{Kind:\\"SealedSecret\\", .*\}\): type: 'Normal' reason: 'Unsealed' SealedSecret unsealed successfully"\n$/,
  );
  assert.match(
    lines[1] ?? "",
    /level=INFO msg="Event\(.*type: 'Warning' reason: 'ErrUnsealFailed' 100% of %s\\nlevel=ERROR"\n$/,
  );
});

test("an event that waits holds nothing of the object but its reference", () => {
  const whole = {
    ...ABOUT,
    metadata: { ...ABOUT.metadata, labels: { a: "b" } },
    spec: { encryptedData: {} },
  };
  assert.deepEqual(occurrence(whole, UNSEALED, AT), {
    apiVersion: "bitnami.com/v1alpha1",
    kind: "SealedSecret",
    namespace: "team",
    name: "db",
    uid: "u1",
    resourceVersion: "7",
    ...UNSEALED,
    at: AT,
  });
});
