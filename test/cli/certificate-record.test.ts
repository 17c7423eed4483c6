import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  acceptCertificate,
  compareWithLastSeen,
  refuseChange,
  type Vouch,
} from "../../cli/certificate-record.ts";
import { noticesOf } from "../../cli/notices.ts";
import { CertificateError } from "../../shared/seal/certificate.node.ts";
import { type MemoryWorld, memoryIo } from "../support/memory-io.ts";

const PATH = "/state/signet/certificates.json";
const controller = { server: "https://a:6443", namespace: "kube-system", name: "c" };
const now = new Date("2030-01-02T03:04:05Z");

const seen = (fingerprint: string) => ({ fingerprint, pem: `certificate of ${fingerprint}` });
const entry = (fingerprint: string) => ({
  fingerprint,
  seen: now.toISOString(),
  certificate: `certificate of ${fingerprint}`,
});

/** What is said, and the record as it stands after. */
function compare(fingerprint: string, world: MemoryWorld = {}, changes: object = {}) {
  const { io, left } = memoryIo([], { now, env: { XDG_STATE_HOME: "/state" }, ...world });
  const whole = { ...io, ...changes };
  compareWithLastSeen(controller, seen(fingerprint), whole, noticesOf(whole, { verbose: false, v: 0 }));
  const { stderr, files } = left(0);
  return { said: stderr, record: files.get(PATH) };
}

const shown = { terminals: ["stderr"] } as const;
const first = compare("SHA256:one").record ?? "";

suite("the record of certificates seen", () => {
  test("begins in silence", () => {
    assert.deepEqual(compare("SHA256:one", shown), { said: "", record: first });
    assert.deepEqual(JSON.parse(first), {
      "https://a:6443 kube-system/c": entry("SHA256:one"),
    });
  });

  test("is silent about the same certificate", () => {
    assert.equal(compare("SHA256:one", { ...shown, files: { [PATH]: first } }).said, "");
  });

  test("shows a change, once", () => {
    const { said, record = "" } = compare("SHA256:two", { ...shown, files: { [PATH]: first } });
    assert.equal(
      said,
      "warning: the certificate of kube-system/c at https://a:6443 has changed: it is SHA256:two, and was SHA256:one when last seen on 2030-01-02; that is usual after a key renewal\n",
    );
    assert.equal(compare("SHA256:two", { ...shown, files: { [PATH]: record } }).said, "");
  });

  test("keeps a change for somebody who sees it", () => {
    assert.deepEqual(compare("SHA256:two", { files: { [PATH]: first } }), { said: "", record: first });
  });

  test("keeps what it knows of other controllers", () => {
    const other = '{"https://b ns/c":{"fingerprint":"SHA256:x","seen":"2029-01-01T00:00:00.000Z"},"junk":1}';
    const { record = "" } = compare("SHA256:one", { files: { [PATH]: other } });
    assert.deepEqual(Object.keys(JSON.parse(record)), ["https://b ns/c", "https://a:6443 kube-system/c"]);
  });

  test("counts as empty when damaged", () => {
    for (const damaged of ["", "{", "[]", "null", '{"https://a:6443 kube-system/c":{"fingerprint":1}}']) {
      const { said, record } = compare("SHA256:one", { ...shown, files: { [PATH]: damaged } });
      assert.equal(said, "");
      assert.equal(record, first);
    }
  });

  test("stands below the home folder unless XDG says otherwise", () => {
    for (const state of [{}, { XDG_STATE_HOME: "relative" }]) {
      const { io, left } = memoryIo([], { now, env: { HOME: "/home/u", ...state } });
      compareWithLastSeen(controller, seen("SHA256:one"), io, noticesOf(io, { verbose: false, v: 0 }));
      assert.deepEqual([...left(0).files.keys()], ["/home/u/.local/state/signet/certificates.json"]);
    }
  });

  test("takes the certificate into a record of its fingerprint alone, in silence", () => {
    const bare = `{"https://a:6443 kube-system/c":{"fingerprint":"SHA256:one","seen":"2029-01-01T00:00:00.000Z"}}`;
    assert.deepEqual(compare("SHA256:one", { ...shown, files: { [PATH]: bare } }), {
      said: "",
      record: first,
    });
  });

  test("keeps what another process remembers at the same time", () => {
    const { io, left } = memoryIo([], { now, env: { XDG_STATE_HOME: "/state" } });
    const other = { ...controller, name: "other" };
    const notices = noticesOf(io, { verbose: false, v: 0 });
    const { create } = io.files;
    io.files.create = (path, content) => {
      io.files.create = create;
      compareWithLastSeen(other, seen("SHA256:two"), io, notices);
      create(path, content);
    };
    compareWithLastSeen(controller, seen("SHA256:one"), io, notices);
    assert.deepEqual(JSON.parse(left(0).files.get(PATH) ?? ""), {
      "https://a:6443 kube-system/other": entry("SHA256:two"),
      "https://a:6443 kube-system/c": entry("SHA256:one"),
    });
  });

  test("cannot make sealing fail", () => {
    const { io } = memoryIo([]);
    const files = {
      ...io.files,
      replace: () => {
        throw Object.assign(new Error("x"), { code: "EACCES" });
      },
    };
    assert.equal(compare("SHA256:one", {}, { files }).said, "");
    assert.match(
      compare("SHA256:one", shown, { files }).said,
      /^note: .* could not be remembered .*\(EACCES\)\n$/,
    );
    const locked = { ...io.files, read: files.replace };
    assert.match(
      compare("SHA256:one", shown, { files: locked }).said,
      /^note: .* could not be remembered .*\(cannot read \S+\.lock: permission denied\)\n$/,
    );
  });
});

suite("the record, for what came by a fallback way", () => {
  const other = { ...controller, name: "other" };
  const elsewhere = { ...controller, namespace: "kube" };

  /** What the record is after these, or the refusal. */
  async function refuse(
    record: string | undefined,
    identity: typeof controller,
    fingerprint: string,
    vouch: Vouch = async () => ({ ok: false, problem: "nobody vouches for it" }),
  ): Promise<string> {
    const files: Record<string, string> = record === undefined ? {} : { [PATH]: record };
    const { io, left } = memoryIo([], { now, env: { XDG_STATE_HOME: "/state" }, files });
    const notices = noticesOf(io, { verbose: false, v: 0 });
    try {
      await refuseChange(identity, "Pod kube-system/p", seen(fingerprint), io, notices, vouch);
    } catch (error) {
      assert.ok(error instanceof CertificateError);
      assert.equal(left(0).files.get(PATH), record);
      return `${error.message} / ${error.hint}`;
    }
    return left(0).files.get(PATH) ?? "";
  }

  test("begins with the first one, and stays silent about the same", async () => {
    assert.equal(await refuse(undefined, controller, "SHA256:one"), first);
    assert.equal(await refuse(first, controller, "SHA256:one"), first);
  });

  test("refuses a change, with both fingerprints and how to accept it", async () => {
    assert.equal(
      await refuse(first, controller, "SHA256:two"),
      "the certificate from Pod kube-system/p is SHA256:two, and was SHA256:one when last seen on 2030-01-02: nothing is sealed with it, since it did not come from the named Service through the API server's proxy, and nobody vouches for it / ask who runs the controller for its fingerprint; if it is the new one, give --accept-certificate SHA256:two once",
    );
  });

  test("counts any controller of the namespace while this one was not seen", async () => {
    assert.match(await refuse(first, other, "SHA256:two"), /^the certificate from /);
    const known = JSON.parse(await refuse(first, other, "SHA256:one")) as object;
    assert.deepEqual(Object.keys(known), [
      "https://a:6443 kube-system/c",
      "https://a:6443 kube-system/other",
    ]);
    assert.match(await refuse(JSON.stringify(known), other, "SHA256:two"), /^the certificate from /);
    assert.doesNotMatch(await refuse(first, elsewhere, "SHA256:two"), /^the certificate from /);
  });

  test("judges a controller by its own record once there is one", async () => {
    const both = JSON.stringify({
      ...JSON.parse(first),
      "https://a:6443 kube-system/other": entry("SHA256:two"),
    });
    assert.match(await refuse(both, other, "SHA256:one"), /and was SHA256:two when last seen/);
  });

  test("takes a change that the key of the last one vouches for, and asks that one alone", async () => {
    const asked: string[] = [];
    const vouch = async (pem: string) => {
      asked.push(pem);
      return { ok: true, steps: [] } as const;
    };
    assert.equal(
      await refuse(first, controller, "SHA256:two", vouch),
      first.replaceAll("SHA256:one", "SHA256:two"),
    );
    assert.deepEqual(asked, ["certificate of SHA256:one"]);
    const bare = JSON.stringify({
      "https://a:6443 kube-system/c": { fingerprint: "SHA256:one", seen: "2029" },
    });
    assert.match(await refuse(bare, controller, "SHA256:two", vouch), /API server's proxy \/ ask/);
  });

  test("takes what the user accepts", async () => {
    const { io, left } = memoryIo([], { now, env: { XDG_STATE_HOME: "/state" }, files: { [PATH]: first } });
    const notices = noticesOf(io, { verbose: false, v: 0 });
    acceptCertificate(controller, seen("SHA256:two"), io, notices);
    const record = left(0).files.get(PATH);
    assert.equal(record, first.replaceAll("SHA256:one", "SHA256:two"));
    assert.equal(await refuse(record, controller, "SHA256:two"), record);
    assert.match(await refuse(record, controller, "SHA256:one"), /^the certificate from /);
  });
});
