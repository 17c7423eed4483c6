import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { mergeScopeKind, type ScopeQuestion } from "../../cli/merge-scope.ts";
import { InputError } from "../../shared/errors.ts";
import { type ScopeKind, scopeAnnotations } from "../../shared/scope.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";

const KINDS: readonly ScopeKind[] = ["strict", "namespace-wide", "cluster-wide"];

function sealedSecret(kind: ScopeKind, items: Record<string, string> = { user: "AQ==" }): SealedSecret {
  return {
    apiVersion: "bitnami.com/v1alpha1",
    kind: "SealedSecret",
    metadata: { name: "db", namespace: "team-a", annotations: scopeAnnotations(kind) },
    spec: { encryptedData: items },
  } as SealedSecret;
}

type Row = { file: ScopeKind; asked: ScopeKind | null; annotated: ScopeKind; opens: boolean };

async function decide({ file, asked, annotated, opens }: Row): Promise<string> {
  let wasAsked = false;
  const question: ScopeQuestion = {
    sealedSecret: sealedSecret(file),
    where: "sealed.yaml",
    asked,
    annotated,
    opens: async () => {
      wasAsked = true;
      return opens;
    },
  };
  try {
    return `${await mergeScopeKind(question)}${wasAsked ? ", proven" : ""}`;
  } catch (error) {
    assert.ok(error instanceof InputError);
    return error.message.includes("nothing proves") ? "unproven" : "contradiction";
  }
}

/** What the rule says, in a form of its own: who vouches, who contradicts. */
function expected({ file, asked, annotated, opens }: Row): string {
  const word = asked ?? (annotated === "strict" ? null : annotated);
  if (word !== null && word !== file) return "contradiction";
  if (file === "strict" || word === file || annotated === file) return file;
  return opens ? `${file}, proven` : "unproven";
}

suite("the scope of a value that joins a SealedSecret (W5)", () => {
  test("is the file's, vouched for by --scope, by the Secret or by values that open; else refused", async () => {
    const seen = new Set<string>();
    for (const file of KINDS) {
      for (const asked of [null, ...KINDS]) {
        for (const annotated of KINDS) {
          for (const opens of [true, false]) {
            const row = { file, asked, annotated, opens };
            const outcome = await decide(row);
            assert.equal(outcome, expected(row), JSON.stringify(row));
            seen.add(outcome.replace(/^(?:namespace|cluster)/, "some"));
          }
        }
      }
    }
    assert.deepEqual([...seen].sort(), [
      "contradiction",
      "some-wide",
      "some-wide, proven",
      "strict",
      "unproven",
    ]);
  });

  test("is never proven by a SealedSecret without values: a controller opens nothing at once", async () => {
    const question = {
      sealedSecret: sealedSecret("cluster-wide", {}),
      where: "sealed.yaml",
      asked: null,
      annotated: "strict",
      opens: () => Promise.resolve(true),
    } as const;
    await assert.rejects(mergeScopeKind(question), /nothing proves that this is meant/);
  });

  test("is asked of nobody where --scope says it", async () => {
    const question = {
      sealedSecret: sealedSecret("namespace-wide"),
      where: "sealed.yaml",
      asked: "namespace-wide",
      annotated: "strict",
      opens: () => Promise.reject(new Error("asked")),
    } as const;
    assert.equal(await mergeScopeKind(question), "namespace-wide");
  });
});
