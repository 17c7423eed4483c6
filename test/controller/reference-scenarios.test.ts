import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "../..");

/** One behaviour that the reference's unit suites assert of its controller, and the tests that assert it of ours. */
type Scenario = {
  says: string;
  /** Files below test/, each with titles as they stand in it; `*` is what a title takes from elsewhere. */
  by: Readonly<Record<string, readonly string[]>>;
  /** Why no test can hold it. */
  none?: string;
};

const keyRing = "controller/keys/key-ring.test.ts";
const conditions = "controller/reconcile/conditions.test.ts";
const metrics = "controller/metrics.test.ts";
const verifyRotate = "controller/http/verify-rotate.test.ts";
const templates = "shared/template/apply-templates.test.ts";
const keyFaults = "controller/faults/key-faults.test.ts";
const keysInterop = "interop/keys.test.ts";
const version = { "interop/scenarios/new-and-changed.ts": ["--version prints what scripts look for"] };
const anyTemplate = [
  "a template changes no answer, whatever stands in it",
  "*: whatever the cause, what does not open has one answer: 409 and nothing else",
];

/** By number; 1 to 25 are cluster tests (interop/scenarios), 26 to 91 are of the sealing tool and library. */
const scenarios: Readonly<Record<number, Scenario>> = {
  92: {
    says: 'the patch mark counts with the exact value "true" alone',
    by: {
      "interop/write-gates.test.ts": ["a mark of value * does not count"],
      "controller/reconcile/decide.test.ts": ["patch: merged, ours win, no owner"],
    },
  },
  93: {
    says: 'the managed mark counts with the exact value "true" alone',
    by: {
      "interop/write-gates.test.ts": ["a mark of value * does not count"],
      "controller/reconcile/decide.test.ts": [
        "managed, not owned: all is replaced, the mark goes, the owner comes",
      ],
    },
  },
  94: {
    says: "what is no SealedSecret is refused as such",
    by: {
      "shared/sealed-secret.test.ts": ["never quotes what it read: *"],
      [verifyRotate]: ["what is not one SealedSecret is a 500 without a word: *"],
    },
  },
  95: {
    says: "missing apiVersion and kind are filled in",
    by: {
      "controller/reconcile/watched-object.test.ts": [
        "an object of a list that leaves out kind and version is named with both all the same",
      ],
    },
  },
  96: {
    says: "present ones are left",
    by: {
      "controller/reconcile/watched-object.test.ts": [
        "an event names the object, and carries nothing else of it",
      ],
      [verifyRotate]: ["rotate gives apiVersion and kind, and nothing that only a cluster writes"],
    },
  },
  97: {
    says: "Secrets are watched",
    by: {
      "controller/secret-cache.test.ts": [
        "asks for metadata of all Secrets of the namespaces, whatever their labels, and keeps uid and version",
      ],
      "controller/faults/secret-watch.test.ts": [
        "deleted, it comes back at once, is told by an event and counted",
      ],
    },
  },
  98: {
    says: "with skip-recreate they are not",
    by: {
      "controller/faults/secret-watch.test.ts": ["--skip-recreate does not ask for Secrets at all"],
    },
  },
  99: {
    says: "an empty status and a success: written",
    by: { [conditions]: ["in sync: Synced first, then Ready, both True, without a message"] },
  },
  100: {
    says: "from False to True: written, with both times",
    by: {
      [conditions]: ["a change of the value is a transition", "mended: Reconciling and Stalled are gone"],
    },
  },
  101: {
    says: "False and the same error again: not written",
    by: { [conditions]: ["nothing is written when nothing changed: *"] },
  },
  102: {
    says: "True and then an error: written",
    by: { [conditions]: ["a stall of an object in sync is told on Synced"] },
  },
  103: {
    says: "rotate takes YAML and gives other bytes",
    by: { [verifyRotate]: ["verify and rotate take YAML, and rotate gives other bytes for it"] },
  },
  104: {
    says: "rotate keeps the scope of the object, whatever its template claims",
    by: {
      [verifyRotate]: ["rotate keeps the scope the old label proved, whatever the template claims: *"],
    },
  },
  105: {
    says: "an older key that comes after a newer one does not seal",
    by: {
      [keyRing]: ["the newest certificate seals, all open, newest first, in whatever order they came"],
    },
  },
  106: {
    says: "a key's Secret reads back as the same key and certificate",
    by: {
      "controller/keys/key-secret.test.ts": ["a key's Secret reads back as the same key and certificate"],
    },
  },
  107: {
    says: "a key's Secret has its namespace, the prefix, the label, and the labels and annotations asked for",
    by: {
      "controller/keys/key-secret.test.ts": [
        "a key's Secret stands where it should, with the labels and annotations asked for",
      ],
      "shared/seal/successor-name.node.test.ts": [
        "a name is the prefix and five letters or digits as the API server generates them",
      ],
      [keyFaults]: ["the options for new keys reach the Secret and the certificate"],
    },
  },
  108: {
    says: "following keys makes none, making one writes a Secret, a second start lists them",
    by: {
      "controller/keys/key-manager.test.ts": [
        "a replica that stands by follows, writes nothing, and gets the leader's first key by its watch",
      ],
      [keysInterop]: ["a second start makes no key"],
    },
  },
  109: {
    says: "renewal off and no keys: one at the start, another when asked for",
    by: {
      "controller/keys/key-renewal.test.ts": ["no key, renewal off: at once all the same"],
      "controller/keys/key-manager.test.ts": [
        "a replica that stands by follows, writes nothing, and gets the leader's first key by its watch",
      ],
      [keysInterop]: ["each SIGUSR1 makes a new key that seals, and opens no debugger"],
    },
  },
  110: {
    says: "a short period: a first key, then another by itself",
    by: { [keysInterop]: ["keys are renewed by their age; old ones open, the newest seals"] },
  },
  111: {
    says: "a labelled key is there and renewal is off: no new key",
    by: {
      "controller/keys/renewal-off-and-due.test.ts": [
        "with renewal off a key that is there is used, however old, and none is made",
      ],
    },
  },
  112: {
    says: "a key that is nearly due: succeeded soon",
    by: {
      "controller/keys/renewal-off-and-due.test.ts": [
        "a key that is nearly due is succeeded once it is, and not before",
      ],
    },
  },
  113: {
    says: "the cutoff: a new key although none is due",
    by: {
      "controller/keys/key-manager.test.ts": [
        "a key older than the cutoff is succeeded once in the life of a process",
      ],
      [keysInterop]: ["a key from before the cutoff is succeeded once"],
    },
  },
  114: {
    says: "a Secret of the bare prefix name without the label is used: no new key",
    by: {
      "controller/keys/key-manager.test.ts": [
        "a key of the bare prefix name counts without the label, and no other unlabelled one",
      ],
      [keysInterop]: ["the key of the bare prefix name is used unless it was retired"],
    },
  },
  115: {
    says: "the certificate is served, alone, and follows the key at once",
    by: {
      "controller/http/endpoints.test.ts": [
        "/v1/cert.pem gives the certificate that seals: *",
        "/v1/cert.pem follows the key",
      ],
    },
  },
  116: {
    says: "the gauge of a condition, with its labels",
    by: { [metrics]: ["condition_info: * is *"] },
  },
  117: {
    says: "it goes with the object",
    by: {
      [metrics]: [
        "an object that is gone leaves no series behind, conditions of others included; its neighbours stay",
      ],
    },
  },
  118: {
    says: "an object without a status can be forgotten",
    by: {
      [metrics]: [
        "an object that is gone leaves no series behind, conditions of others included; its neighbours stay",
      ],
    },
  },
  119: {
    says: "an object without a status can be observed",
    by: { [metrics]: ["condition_info follows: conditions that went, another instance, no label"] },
  },
  120: {
    says: "without the instance label: an empty one, and it can be removed",
    by: { [metrics]: ["condition_info follows: conditions that went, another instance, no label"] },
  },
  121: {
    says: "the environment sets what the command line does not, of controller and sealing tool",
    by: {
      "controller/options.test.ts": ["--*: * is taken", "the command line wins over the environment"],
      "cli/arguments.test.ts": ["--* is read from the environment, and the command line *"],
    },
  },
  122: {
    says: "a variable that is set and empty is no default: it is taken, or refused by its name",
    by: {
      "controller/options.test.ts": ["--*: * is taken", "--*: * is refused by name, and not quoted"],
    },
  },
  123: { says: "the version is told, also without a build", by: version },
  124: { says: "a table without a row", by: {}, none: "it asserts nothing" },
  125: {
    says: "template data alone, no keys: a constant is an item, and readable by its sibling",
    by: {
      [templates]: ["templates alone, without any item: a constant can be read, and is an item itself"],
      "interop/scenarios/forms-and-templates.ts": [
        "templates make items; a failing one leaves the Secret as it is",
      ],
    },
  },
  126: {
    says: "one template reads an item and a constant",
    by: { [templates]: ["a constant beside them can be read"] },
  },
  127: {
    says: "sealed and in template data: the sealed value counts, in the Secret and for templates",
    by: {
      [templates]: [
        "a decrypted item wins over the template of its name, in the Secret and in what templates read",
      ],
    },
  },
  128: {
    says: "null takes an item out of the Secret, not out of templates' reach",
    by: {
      [templates]: ["null takes a decrypted item out of the Secret, not out of the templates' reach"],
    },
  },
  129: {
    says: "whether values open does not depend on templates, and does on keys",
    by: { [verifyRotate]: anyTemplate },
  },
  130: {
    says: "opening without templates: the items alone; other keys still fail",
    by: {
      "controller/reconcile/render-items.test.ts": ["without templates the items are the opened ones"],
      "shared/open-sealed-secret.test.ts": [
        "items open, each under whichever key sealed it",
        "one item that does not open fails the object, and no plaintext comes along with the failure's words",
      ],
    },
  },
  131: { says: "verify takes what opens and whose template fails", by: { [verifyRotate]: anyTemplate } },
  132: {
    says: "rotate does too, and tells no guess of a value by failing",
    by: { [verifyRotate]: anyTemplate },
  },
  133: {
    says: "not ready before the start is done, ready after it; healthy throughout",
    by: {
      "controller/http/endpoints.test.ts": [
        "/readyz answers 503 until the controller is ready, then ok, and 503 again should it cease to be",
        "/healthz answers ok: *",
      ],
    },
  },
  134: {
    says: "names left out of the metrics: no series of conditions",
    by: { [metrics]: ["on request nothing names an object or a namespace"] },
  },
  135: {
    says: "no keys: neither a newest one nor its time; the time follows newer keys, not older ones",
    by: {
      [keyRing]: [
        "an empty ring has no primary and opens nothing",
        "the newest certificate seals, all open, newest first, in whatever order they came",
      ],
    },
  },
  136: {
    says: "keys that come at once, and readers meanwhile",
    by: {
      "controller/keys/key-ring-at-once.test.ts": [
        "keys that come all at once are all there, and whoever reads meanwhile reads a whole ring",
        "of keys that come all at once each change is told from what was there before it",
      ],
    },
  },
};

test("every number from 92 to 136 stands in the table, with a test or the reason why there is none", () => {
  const numbers = Object.keys(scenarios).map(Number);
  assert.deepEqual(
    numbers,
    Array.from({ length: 45 }, (_, index) => 92 + index),
  );
  const empty = Object.entries(scenarios).filter(
    ([, { by, none }]) => Object.values(by).flat().length > 0 === (none !== undefined),
  );
  assert.deepEqual(empty, []);
});

for (const [number, { says, by }] of Object.entries(scenarios)) {
  test(`${number}: ${says}`, async () => {
    for (const [file, named] of Object.entries(by)) {
      const text = await readFile(join(root, "test", file), "utf8");
      for (const title of named) assert.ok(isTitleIn(text, title), `${file} has no test "${title}"`);
    }
  });
}

test("a title counts as a whole text alone", () => {
  const text = `test("one two", () => {}); test(\`three \${four}\`, () => {}); // five`;
  for (const title of ["one two", "three *"]) assert.ok(isTitleIn(text, title));
  for (const title of ["one", "two", "three", "five", ""]) assert.ok(!isTitleIn(text, title));
});

/** Whether a source holds that title as a text of its own, in quotes of any kind. */
function isTitleIn(source: string, title: string): boolean {
  const text = source.replaceAll(/\$\{[^}]*\}/g, "*");
  return [JSON.stringify(title), `'${title}'`, `\`${title}\``].some((quoted) => text.includes(`${quoted},`));
}
