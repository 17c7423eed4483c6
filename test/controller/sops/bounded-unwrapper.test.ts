import assert from "node:assert/strict";
import { test } from "node:test";
import {
  boundedUnwrapper,
  MOST_CALLS,
  MOST_GUESSES,
  MOST_NAMED,
} from "../../../controller/sops/bounded-unwrapper.ts";
import type { AgeIdentity } from "../../../shared/document/sops/keys/age-identities.ts";
import type { SopsKeyEntry } from "../../../shared/document/sops/metadata.ts";
import { InputError } from "../../../shared/errors.ts";

const identity = (recipient: string): AgeIdentity => ({
  recipient: async () => recipient,
  open: async () => null,
});
const age = (recipient: string): SopsKeyEntry => ({ type: "age", recipient, enc: "" });
const kms: SopsKeyEntry = {
  type: "kms",
  arn: "",
  role: "",
  context: {},
  awsProfile: "",
  createdAt: "",
  enc: "",
};
const vault: SopsKeyEntry = {
  type: "hc_vault",
  vaultAddress: "",
  enginePath: "",
  keyName: "",
  createdAt: "",
  enc: "",
};
const signal = new AbortController().signal;

/** An unwrapper that opens nothing, and what it tried: the kind of entry, or the recipients of the identities tried. */
function watched(...recipients: string[]) {
  const tried: string[] = [];
  const unwrapper = boundedUnwrapper(
    { identities: recipients.map(identity), problems: [] },
    "label one",
    ({ identities }) => ({
      async unwrap(entry) {
        const all = await Promise.all(identities.map((one) => one.recipient()));
        tried.push(entry.type === "age" ? all.join("+") : entry.type);
        return { problem: new InputError("not opened", "") };
      },
    }),
  );
  const unwrap = async (entry: SopsKeyEntry) => {
    const answer = await unwrapper.unwrap(entry, signal);
    return "problem" in answer ? answer.problem.message : assert.fail("it opened");
  };
  return { tried, unwrap };
}

test("an entry that names an identity at hand is tried with that one alone, one that names none with all", async () => {
  const { tried, unwrap } = watched("one", "two", "three");
  for (const recipient of ["two", "one", "edited", ""]) await unwrap(age(recipient));
  assert.deepEqual(tried, ["two", "one", "one+two+three", "one+two+three"]);
});

test("a look asks key services for so many entries and no more, whichever they are", async () => {
  const { tried, unwrap } = watched();
  for (let at = 0; at < MOST_CALLS; at++)
    assert.equal(await unwrap(at % 2 === 0 ? kms : vault), "not opened");
  assert.match(await unwrap(kms), /more entries than are tried/);
  assert.match(await unwrap(vault), /more entries than are tried/);
  assert.equal(tried.length, MOST_CALLS);
});

test("tries of age entries are bounded: those that name ours, and guesses on all others apart", async () => {
  const { tried, unwrap } = watched("one", "two");
  for (let at = 0; at < MOST_GUESSES / 2; at++) assert.equal(await unwrap(age("other")), "not opened");
  assert.match(await unwrap(age("other")), /no age identity at hand is for the age entry/);
  // What names ours is tried even then: the entry of the controller may be the last of many.
  for (let at = 0; at < MOST_NAMED; at++) assert.equal(await unwrap(age("one")), "not opened");
  assert.match(await unwrap(age("two")), /more entries than are tried/);
  assert.equal(tried.length, MOST_GUESSES / 2 + MOST_NAMED);
});

test("without an identity, and for services that nobody has, entries are told of as ever", async () => {
  const { tried, unwrap } = watched();
  const other: SopsKeyEntry = { type: "other", list: "pgp", entry: { kind: "map", entries: [] } };
  for (let at = 0; at < 100; at++) await unwrap(age("other"));
  await unwrap(other);
  assert.equal(tried.length, 101);
});

test("an aborted look tries nothing more", async () => {
  const aborted = AbortSignal.abort(new Error("stopping"));
  const unwrapper = boundedUnwrapper({ identities: [identity("one")], problems: [] }, "", () =>
    assert.fail("tried"),
  );
  await assert.rejects(unwrapper.unwrap(age("one"), aborted), /stopping/);
});
