import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { readArguments } from "../../cli/arguments.ts";
import { kubesealOptions, type OptionTable } from "../../cli/options.ts";
import { rotateOptions } from "../../cli/rotate/rotate-options.ts";
import { readDocuments } from "../../shared/document/read-documents.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { compileCache } from "../runner/compile-cache.ts";
import { cliProgram } from "../support/built-programs.ts";
import { GitRepository } from "../support/git-repository.ts";
import { manifest, NEW, NEW_KEY, sealed } from "../support/rotated-tree.ts";
import { runProgram } from "../support/run-program.ts";
import { type StubAnswer, startStubController } from "../support/stub-controller.ts";

const examples = join(import.meta.dirname, "../../examples");

function read<Shape>(path: string): Shape {
  return readAll<Shape>(path)[0] ?? assert.fail(`${path} is empty`);
}

function readAll<Shape>(path: string): Shape[] {
  return readDocuments(readFileSync(join(examples, path)), path).map(({ value }) => value as Shape);
}

function nameIn(value: unknown): string {
  return (value as { name: string }).name;
}

type Workflow = {
  on: object;
  permissions: object;
  jobs: { rotate: { env: Record<string, string>; steps: Step[] } };
};
type Step = { name?: string; id?: string; run?: string; uses?: string; env?: Record<string, string> };
type Param = { name: string; value?: unknown; default?: string };
type Task = {
  kind: string;
  metadata: { name: string };
  spec: {
    params: Param[];
    workspaces: Param[];
    results: Param[];
    steps: { script: string; env: { name: string; value: string }[] }[];
  };
};
type PipelineTask = {
  name: string;
  taskRef?: { name?: string; resolver?: string };
  params?: Param[];
  workspaces?: { name: string; workspace: string }[];
  taskSpec?: { steps: { script: string }[] };
};
type Pipeline = {
  spec: { params: Param[]; workspaces: Param[]; tasks: PipelineTask[]; finally: PipelineTask[] };
};

const workflow = read<Workflow>("rotate-github-actions/rotate-sealed-secrets.yaml");
const task = read<Task>("rotate-tekton/task.yaml");
const pipeline = read<Pipeline>("rotate-tekton/pipeline.yaml");
const run = read<{ spec: { pipelineRef: { name: string }; params: Param[]; workspaces: Param[] } }>(
  "rotate-tekton/run.yaml",
);

const { steps } = workflow.jobs.rotate;
const scripts: readonly (readonly [where: string, script: string])[] = [
  ...steps.flatMap(({ name = "", run: script }) => (script === undefined ? [] : [[name, script] as const])),
  ["task", task.spec.steps[0]?.script ?? ""],
  ["finally", pipeline.spec.finally[0]?.taskSpec?.steps[0]?.script ?? ""],
];

suite("recipes for pull requests that rotate", () => {
  test("scripts are correct shell, call signet with flags that there are, and have nothing put into them", () => {
    assert.equal(scripts.length, 7);
    const called: string[] = [];
    for (const [where, script] of scripts) {
      execFileSync("bash", ["-n", "-c", script]);
      // What an expression gives is data, and would be taken for commands.
      assert.doesNotMatch(script, /\$\{\{|\$\(params|\$\(workspaces|\$\(results/, where);
      for (const [, words = ""] of script.matchAll(/\bsignet ((?:rotate|--)[^|>\n]*)/g)) {
        const [word = "", ...rest] = words.trim().split(/ +/);
        const table: OptionTable = word === "rotate" ? rotateOptions : kubesealOptions;
        readArguments(table, word === "rotate" ? rest : [word, ...rest], {});
        called.push(word);
      }
    }
    assert.deepEqual(called.sort(), ["--validate", "--validate", "rotate", "rotate"]);
  });

  test("the workflow is set off by nobody from outside, and may write branches and pull requests alone", () => {
    assert.deepEqual(Object.keys(workflow.on).sort(), ["schedule", "workflow_dispatch"]);
    assert.deepEqual(workflow.permissions, { contents: "write", "pull-requests": "write" });
    const ids = new Set(steps.map(({ id }) => id));
    const text = readFileSync(join(examples, "rotate-github-actions/rotate-sealed-secrets.yaml"), "utf8");
    for (const [, id] of text.matchAll(/steps\.(\w+)\.outputs/g)) assert.ok(ids.has(id), id);
  });

  test("Task, Pipeline and run name what the others have", () => {
    assert.equal(task.metadata.name, "signet-rotate");
    const names = (list: readonly { name: string }[]) => list.map(({ name }) => name);
    const { tasks, finally: last, params, workspaces } = pipeline.spec;
    const rotate = tasks.find(({ taskRef }) => taskRef?.name === "signet-rotate");
    for (const { name } of rotate?.params ?? []) assert.ok(names(task.spec.params).includes(name), name);
    for (const { name, workspace } of rotate?.workspaces ?? []) {
      assert.ok(names(task.spec.workspaces).includes(name), name);
      assert.ok(names(workspaces).includes(workspace), workspace);
    }
    const text = readFileSync(join(examples, "rotate-tekton/pipeline.yaml"), "utf8");
    for (const [, name = ""] of text.matchAll(/\$\(params\.([\w-]+)\)/g))
      assert.ok(names(params).includes(name), name);
    for (const [, name = "", result = ""] of text.matchAll(/\$\(tasks\.([\w-]+)\.results\.([\w-]+)\)/g)) {
      assert.equal(tasks.find((one) => one.name === name)?.taskRef?.name, "signet-rotate");
      assert.ok(names(task.spec.results).includes(result), result);
    }
    assert.equal(last.length, 1);
    for (const { name } of run.spec.params) assert.ok(names(params).includes(name), name);
    const needed = params.filter((param) => param.default === undefined);
    assert.deepEqual(names(run.spec.params).sort(), names(needed).sort());
    assert.deepEqual(names(run.spec.workspaces), names(workspaces));
    // The body goes into a program: it must not hold what a repository says.
    const open = tasks.find(({ name }) => name === "open-pull-request");
    const body = open?.params?.find(({ name }) => name === "BODY")?.value;
    assert.ok(typeof body === "string" && !body.includes("$("));
  });

  test("the rights are those of a client of the Service", () => {
    const [account, role, binding] = readAll<Record<string, unknown>>("rotate-tekton/rights.yaml");
    assert.equal(account?.["kind"], "ServiceAccount");
    const rules = role?.["rules"] as { resources: string[]; verbs: string[]; resourceNames: string[] }[];
    assert.deepEqual(
      rules.map(({ resources, verbs }) => [resources, verbs]),
      [
        [["services"], ["get"]],
        [["services/proxy"], ["create", "get"]],
      ],
    );
    for (const { resourceNames } of rules)
      for (const name of resourceNames)
        assert.match(name, /^(?:http:)?sealed-secrets-controller(?::|:http)?$/);
    assert.equal(nameIn(binding?.["roleRef"]), nameIn(role?.["metadata"]));
  });
});

/** As a controller does: a new value for each that it is sent; and nothing for objects of this name. */
const answering = (refused: string): StubAnswer => ({
  status: 200,
  body: (question) => {
    const { metadata, spec } = JSON.parse(question) as SealedSecret;
    if (metadata.name === refused) return "{}";
    const anew = Object.entries(spec.encryptedData).map(([item, value]) => {
      const length = Buffer.from(value, "base64").length - 258;
      return [item, Buffer.concat([Buffer.from([1, 0, 0]), randomBytes(255 + length)]).toString("base64")];
    });
    return JSON.stringify({ spec: { encryptedData: Object.fromEntries(anew) } });
  },
});

/** A repository with sealed files and a place to push to, a controller, and programs that the scripts call. */
async function pipelineWorld(context: TestContext, refused = "") {
  const controller = await startStubController({
    certificate: { status: 200, body: NEW.certificatePem },
    verify: [{ status: 200, body: "" }],
    rotate: [answering(refused)],
  });
  const temporary = mkdtempSync(join(tmpdir(), "signet-recipe-"));
  context.after(async () => {
    await controller.close();
    rmSync(temporary, { recursive: true });
  });
  const repository = new GitRepository();
  context.after(() => repository.remove());
  const origin = join(temporary, "origin.git");
  repository.git("init", "--quiet", "--bare", origin);
  repository.git("remote", "add", "origin", origin);
  const bin = join(temporary, "bin");
  mkdirSync(bin);
  const program = (name: string, text: string) => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  program("signet", `exec "${process.execPath}" "${cliProgram}" "$@"`);
  program("gh", `printf '%s\\n' "$@" >> "${temporary}/gh"`);
  const text = manifest({ user: await sealed("old", "me") });
  repository.commit({
    "sealed/a b.yaml": text,
    "sealed/deep/c.yaml": manifest({ user: await sealed("old", "me") }, {}, "other"),
    "other/d.yaml": text,
  });
  repository.git("push", "--quiet", "origin", "main");
  const file = (name: string) => join(temporary, name);
  const contentOf = (name: string) => (existsSync(file(name)) ? readFileSync(file(name), "utf8") : null);
  const start = (script: string, more: Record<string, string>) =>
    runProgram("bash", ["-e", "-c", script], {
      cwd: repository.folder,
      stdin: "",
      env: {
        ...repository.env,
        // The scripts write there, which must not be the device that stands for none.
        GIT_CONFIG_GLOBAL: join(temporary, "gitconfig"),
        ...compileCache,
        PATH: `${bin}:${process.env["PATH"]}`,
        HOME: temporary,
        ...more,
      },
    });
  const pushed = () =>
    repository
      .git("--git-dir", origin, "for-each-ref", "--format=%(refname:short)")
      .split("\n")
      .filter((name) => name !== "main");
  const changed = () =>
    repository.git("--git-dir", origin, "diff", "--name-only", "main", "rotate-sealed-secrets");
  return { controller, repository, temporary, file, contentOf, start, pushed, changed };
}

/** The steps of the workflow with a script of their own, but those that fetch programs, as a runner takes them. */
async function runWorkflow(world: Awaited<ReturnType<typeof pipelineWorld>>) {
  const { env } = workflow.jobs.rotate;
  const output = world.file("output");
  rmSync(output, { force: true });
  const codes: Record<string, number | null> = {};
  for (const { name = "", run: script } of steps) {
    if (script === undefined || name === "Install signet") continue;
    const said = world.contentOf("output") ?? "";
    if (said.includes("waits=true") && /^(?:Rotate|Open)/.test(name)) continue;
    if (name.startsWith("Fail") && !said.includes("failed=true")) continue;
    const kubeconfig = readFileSync(world.controller.env["KUBECONFIG"] ?? "", "utf8");
    const { code, stderr } = await world.start(script, {
      ...env,
      RUNNER_TEMP: world.temporary,
      GITHUB_OUTPUT: output,
      CLUSTER: kubeconfig,
    });
    codes[name] = code;
    if (code !== 0 && !name.startsWith("Fail")) assert.fail(`${name}: ${stderr}`);
  }
  return codes;
}

suite("the workflow for GitHub Actions, run", () => {
  test("pushes what changed to a branch, opens a pull request, and waits while that is there", async (context) => {
    const world = await pipelineWorld(context);
    const codes = await runWorkflow(world);
    assert.equal(codes["Fail where files failed"], undefined);
    assert.deepEqual(world.pushed(), ["rotate-sealed-secrets"]);
    assert.equal(world.changed(), '"sealed/a b.yaml"\nsealed/deep/c.yaml'.replaceAll('"', ""));
    assert.ok(readFileSync(join(world.repository.folder, "sealed/a b.yaml"), "utf8").includes(NEW_KEY));
    assert.match(world.contentOf("gh") ?? "", /^pr\ncreate\n--head\nrotate-sealed-secrets\n/);
    assert.equal(world.contentOf("kubeconfig"), null);
    const report = JSON.parse(world.contentOf("report.json") ?? "") as {
      totals: { files: { rotated: number } };
    };
    assert.equal(report.totals.files.rotated, 2);
    const asked = world.controller.server.requests.length;
    world.repository.git("switch", "--quiet", "main");
    assert.deepEqual(Object.keys(await runWorkflow(world)), ["See whether the last one is still open"]);
    assert.equal(world.controller.server.requests.length, asked);
  });

  test("opens none where nothing changed, and fails in the end where a file failed", async (context) => {
    const world = await pipelineWorld(context, "other");
    const codes = await runWorkflow(world);
    assert.equal(codes["Fail where files failed"], 1);
    assert.equal(world.changed(), "sealed/a b.yaml");
    world.repository.git("push", "--quiet", "--delete", "origin", "rotate-sealed-secrets");
    world.repository.git("rm", "--quiet", "sealed/deep/c.yaml");
    world.repository.git("commit", "--quiet", "--message=m");
    rmSync(world.file("gh"));
    const again = await runWorkflow(world);
    assert.deepEqual(again, {
      "See whether the last one is still open": 0,
      Rotate: 0,
      "Open a pull request": 0,
    });
    assert.deepEqual([world.pushed(), world.contentOf("gh")], [[], null]);
  });
});

suite("the Task for Tekton, run", () => {
  const script = task.spec.steps[0]?.script ?? "";
  const environment = (world: Awaited<ReturnType<typeof pipelineWorld>>) => ({
    ...Object.fromEntries(
      task.spec.params.map(({ name, default: text }) => [name.toUpperCase(), text ?? ""]),
    ),
    SSH_DIRECTORY: "",
    CHANGED: world.file("changed"),
    FAILED: world.file("failed"),
    ...world.controller.env,
  });

  test("pushes what changed, says so, and does nothing while the branch is there", async (context) => {
    const world = await pipelineWorld(context);
    const names = task.spec.steps[0]?.env.map(({ name }) => name) ?? [];
    const env = environment(world);
    for (const name of names) assert.ok(name in env, name);
    const first = await world.start(script, env);
    assert.equal(first.code, 0, first.stderr);
    assert.deepEqual([world.contentOf("changed"), world.contentOf("failed")], ["true", "false"]);
    assert.equal(world.changed(), "sealed/a b.yaml\nsealed/deep/c.yaml");
    world.repository.git("switch", "--quiet", "main");
    const again = await world.start(script, env);
    assert.match(again.stdout, /^branch rotate-sealed-secrets is there already/m);
    assert.deepEqual([again.code, world.contentOf("changed")], [0, "false"]);
  });

  test("tells of files that failed beside what was done", async (context) => {
    const world = await pipelineWorld(context, "other");
    const { code, stderr } = await world.start(script, environment(world));
    assert.equal(code, 0, stderr);
    assert.deepEqual([world.contentOf("changed"), world.contentOf("failed")], ["true", "true"]);
    assert.equal(world.changed(), "sealed/a b.yaml");
  });
});
