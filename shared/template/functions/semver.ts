import { type FunctionTable, goFunction, TemplateFunctionError } from "../function-table.ts";
import {
  type GoInteger,
  type GoStruct,
  type GoType,
  integer,
  type Method,
  types,
  type Value,
} from "../value.ts";
import { LONGEST_CONSTRAINT, readConstraint, satisfies } from "./semver-constraint.ts";
import { compareVersions, readVersion, type Version, versionText } from "./semver-version.ts";
import { tableOf } from "./table.ts";

const { int, string, uint64 } = types;

/** Versions and constraints on them, as Masterminds/semver v3 reads both. */
export const semverFunctions: FunctionTable = tableOf({
  semver: goFunction([string], ([text]) => pointerTo(parsed(text))),
  semverCompare: goFunction([string, string], ([constraint, version], context) => {
    context.spend(Math.ceil((constraint.length + version.length) / 10));
    if (constraint.length > LONGEST_CONSTRAINT)
      throw new TemplateFunctionError(`the constraint is longer than ${LONGEST_CONSTRAINT} bytes`);
    const read = readConstraint(constraint);
    if (read === null) throw new TemplateFunctionError("the constraint is malformed");
    return satisfies(parsed(version), read);
  }),
});

function parsed(text: string): Version {
  const version = readVersion(text);
  if (version === null) throw new TemplateFunctionError("the version is malformed");
  return version;
}

function method(
  parameters: readonly GoType<unknown>[],
  call: (version: Version, args: readonly Value[]) => Value,
): Method {
  return {
    parameters: parameters as readonly GoType[],
    call: (receiver, args) => call(versionIn(receiver), args),
  };
}

function versionIn(value: Value | undefined): Version {
  return (value as GoStruct).payload as Version;
}

const number = (part: (version: Version) => bigint): Method =>
  method([], (version): GoInteger => integer(part(version), uint64));
const text = (part: (version: Version) => string): Method => method([], part);
const raised = (next: (version: Version) => Version): Method =>
  method([], (version) => structOf(next(version)));

/** What both Version and *Version offer. */
const valueMethods: [string, Method][] = [
  ["String", text(versionText)],
  ["Major", number(({ major }) => major)],
  ["Minor", number(({ minor }) => minor)],
  ["Patch", number(({ patch }) => patch)],
  ["Prerelease", text(({ prerelease }) => prerelease)],
  ["Metadata", text(({ metadata }) => metadata)],
  [
    "IncMajor",
    raised((version) => released(version, { major: wrap(version.major + 1n), minor: 0n, patch: 0n })),
  ],
  ["IncMinor", raised((version) => released(version, { minor: wrap(version.minor + 1n), patch: 0n }))],
  [
    "IncPatch",
    raised((version) =>
      released(version, version.prerelease === "" ? { patch: wrap(version.patch + 1n) } : {}),
    ),
  ],
  [
    "SetPrerelease",
    method([string], (version, [part]) => structOf(withPart(version, { prerelease: String(part) }))),
  ],
  [
    "SetMetadata",
    method([string], (version, [part]) => structOf(withPart(version, { metadata: String(part) }))),
  ],
];

const UNSET: Version = { major: 0n, minor: 0n, patch: 0n, prerelease: "", metadata: "", original: "" };

const hooks = {
  string: (value: Value): string => versionText(versionIn(value)),
  json: (value: Value): Value => versionText(versionIn(value)),
};

const versionType: GoType<GoStruct> = {
  name: "semver.Version",
  kind: "struct",
  methods: new Map(valueMethods),
  ...hooks,
};

const pointerMethods = new Map(valueMethods);
const pointerType: GoType<GoStruct> = {
  name: "*semver.Version",
  kind: "ptr",
  // Go's copy leaves out fields that are not exported, and a version has no others.
  copied: () => pointerTo(UNSET),
  methods: pointerMethods,
  ...hooks,
};
const comparing = (result: (order: number) => Value): Method =>
  method([pointerType as GoType], (version, [other]) => result(compareVersions(version, versionIn(other))));
pointerMethods
  .set(
    "Original",
    text(({ original }) => original),
  )
  .set(
    "Compare",
    comparing((order) => integer(order, int)),
  )
  .set(
    "Equal",
    comparing((order) => order === 0),
  )
  .set(
    "LessThan",
    comparing((order) => order < 0),
  )
  .set(
    "LessThanEqual",
    comparing((order) => order <= 0),
  )
  .set(
    "GreaterThan",
    comparing((order) => order > 0),
  )
  .set(
    "GreaterThanEqual",
    comparing((order) => order >= 0),
  );

function structOf(version: Version, type: GoType = versionType): GoStruct {
  const { major, minor, patch, prerelease, metadata, original } = version;
  const fields = new Map<string, Value>([
    ["major", integer(major, uint64)],
    ["minor", integer(minor, uint64)],
    ["patch", integer(patch, uint64)],
    ["pre", prerelease],
    ["metadata", metadata],
    ["original", original],
  ]);
  return { tag: "struct", type, fields, payload: version };
}

function pointerTo(version: Version): GoStruct {
  return structOf(version, pointerType);
}

function released(version: Version, numbers: Partial<Version>): Version {
  return renamed({ ...version, prerelease: "", metadata: "", ...numbers });
}

function withPart(version: Version, part: { prerelease: string } | { metadata: string }): Version {
  const changed = { ...version, ...part };
  const legal = readVersion(versionText({ ...version, prerelease: "", metadata: "", ...part }));
  if (legal === null) throw new TemplateFunctionError("the part of a version is malformed");
  return renamed(changed);
}

function renamed(version: Version): Version {
  const letter = version.original.startsWith("v") ? "v" : "";
  return { ...version, original: letter + versionText(version) };
}

function wrap(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}
