import { cp, mkdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join, posix } from "node:path";
import { runProgram } from "../support/run-program.ts";
import type { Step } from "./dockerfile.ts";

/** A built stage: a folder that stands for its root, and how its program is started. */
export type Image = {
  base: string;
  root: string;
  workdir: string;
  env: Record<string, string>;
  user: string | null;
  ports: string[];
  entrypoint: string[];
};

/**
 * Replays a Dockerfile without an image or a container: each stage is an empty folder, a base image contributes nothing
 * but the Node that runs this, and the steps of a stage see only what was copied into it. Absolute paths in commands
 * are those of the stage.
 * @param context folder the sources are copied from, by .dockerignore's leave.
 * @param folder where the stages are made.
 * @returns the last stage.
 */
export async function replay(steps: readonly Step[], context: string, folder: string): Promise<Image> {
  const allowed = await allowedByDockerignore(context);
  const stages = new Map<string, Image>();
  let image: Image | null = null;
  for (const step of steps) {
    if (step.kind === "from") {
      const root = join(folder, `stage-${stages.size}`);
      await mkdir(root);
      image = { base: step.image, root, workdir: "/", env: {}, user: null, ports: [], entrypoint: [] };
      stages.set(step.name ?? String(stages.size), image);
      continue;
    }
    if (image === null) throw new Error("the first step is not FROM");
    await apply(step, image, (from, source) => {
      if (from === null) {
        const [top = ""] = posix.normalize(source).split("/");
        if (!allowed.has(top)) throw new Error(`.dockerignore keeps ${source} out`);
        return join(context, source);
      }
      const stage = stages.get(from);
      if (stage === undefined) throw new Error(`no stage ${from}`);
      return join(stage.root, source);
    });
  }
  if (image === null) throw new Error("no stage");
  return image;
}

type Locate = (from: string | null, source: string) => string;

async function apply(step: Exclude<Step, { kind: "from" }>, image: Image, locate: Locate): Promise<void> {
  switch (step.kind) {
    case "workdir":
      image.workdir = posix.resolve(image.workdir, step.path);
      await mkdir(join(image.root, image.workdir), { recursive: true });
      return;
    case "copy":
      for (const source of step.sources) await copyInto(locate(step.from, source), step, image);
      return;
    case "run":
      return runInside(step.command, image);
    case "env":
      Object.assign(image.env, step.values);
      return;
    case "user":
      image.user = step.user;
      return;
    case "expose":
      image.ports = step.ports;
      return;
    case "entrypoint":
      image.entrypoint = step.argv;
      return;
  }
}

/** As COPY does: a folder's content goes into the target; a file keeps its name where the target ends in "/". */
async function copyInto(source: string, { target }: { target: string }, image: Image): Promise<void> {
  const place = join(image.root, posix.resolve(image.workdir, target));
  const isFolder = (await stat(source)).isDirectory();
  const into = !isFolder && /(?:^|\/)\.?\.?\/?$/.test(target) ? join(place, basename(source)) : place;
  await mkdir(dirname(into), { recursive: true });
  await cp(source, into, { recursive: true });
}

async function runInside(command: string, image: Image): Promise<void> {
  const inStage = command.replaceAll(/(?<= )\/(?=\w)/g, `${image.root}/`);
  const path = [dirname(process.execPath), "/usr/bin", "/bin"];
  // Where npm finds its registry and what it has fetched before is this machine's affair.
  const kept = Object.entries(process.env).filter(([name]) =>
    /^(?:HOME|npm_config_.*|.*_proxy|NODE_EXTRA_CA_CERTS)$/i.test(name),
  );
  const { code, stdout, stderr } = await runProgram("sh", ["-c", inStage], {
    cwd: join(image.root, image.workdir),
    env: {
      ...Object.fromEntries(kept),
      npm_config_prefer_offline: "true",
      ...image.env,
      PATH: path.join(":"),
    },
    boundMs: 120_000,
  });
  if (code !== 0) throw new Error(`RUN ${command} ended with ${code}:\n${stdout}${stderr}`);
}

/** Reads a .dockerignore that keeps everything out but some names at the top. */
async function allowedByDockerignore(context: string): Promise<Set<string>> {
  const text = await readFile(join(context, ".dockerignore"), "utf8");
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const [first, ...exceptions] = lines;
  if (first !== "*" || exceptions.some((line) => !/^![\w.-]+$/.test(line)))
    throw new Error(".dockerignore: only * and !NAME are understood");
  return new Set(exceptions.map((line) => line.slice(1)));
}
