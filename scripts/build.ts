// npm run build [-- FOLDER]: bundles the CLI and the controller into dist/, or FOLDER, to run without node_modules.
import { chmod, copyFile, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { build, type Metafile, type Plugin } from "esbuild";
import packageFile from "../package.json" with { type: "json" };
import { licencesOf } from "./bundled-licences.ts";

const root = join(import.meta.dirname, "..");

/** The programs of dist/ by their entry stubs, and what each bundle of them is made from and goes to. */
const programs: readonly { entries: readonly string[]; bundles: readonly Bundle[] }[] = [
  {
    entries: ["signet.cjs", "signet.mjs", "signet-krm.cjs"],
    bundles: [
      {
        entryPoints: { main: "cli/main.ts" },
        folder: "cli",
        // One file of CommonJS: loading ES modules takes a fifth of the time that sealing one Secret takes.
        format: "cjs",
        apart: {
          "./any-command.ts": "./commands/any-command.mjs",
          "./web-fetch.ts": "./commands/web-fetch.mjs",
          "./system-editor.ts": "./commands/system-editor.mjs",
          "./system-git.ts": "./commands/system-git.mjs",
          "./system-program.ts": "./commands/system-program.mjs",
          "./system-terminal.ts": "./commands/system-terminal.mjs",
        },
      },
      {
        entryPoints: { guard: "cli/guard-main.ts" },
        folder: "cli",
        // A hook runs at each commit: it starts without the code that seals.
        format: "cjs",
        apart: {
          "./any-command.ts": "./commands/any-command.mjs",
          "./web-fetch.ts": "./commands/web-fetch.mjs",
          "./system-editor.ts": "./commands/system-editor.mjs",
          "./go-pattern.ts": "./commands/go-pattern.mjs",
          "../../shared/document/sops/go-pattern.ts": "./commands/go-pattern.mjs",
        },
      },
      {
        entryPoints: { render: "cli/render-main.ts" },
        folder: "cli",
        // A loop over files starts it again and again.
        format: "cjs",
        apart: { "./any-command.ts": "./commands/any-command.mjs" },
        loads: [
          "./render-sops.ts",
          "./render-sealed-secret.ts",
          "../../shared/document/sops/read-tree.ts",
          "../../shared/document/sops/open-document.ts",
          "./sops-sealed-secret/open-sops.ts",
          "../sops/user-sops-keys.ts",
        ],
      },
      {
        entryPoints: {
          "any-command": "cli/any-command.ts",
          krm: "cli/krm-main.ts",
          "web-fetch": "cli/web-fetch.ts",
          "system-editor": "cli/system-editor.ts",
          "system-git": "cli/system-git.ts",
          "go-pattern": "shared/document/sops/go-pattern.ts",
          "system-program": "cli/system-program.ts",
          "system-terminal": "cli/system-terminal.ts",
        },
        folder: "cli/commands",
        format: "esm",
        apart: {},
      },
    ],
  },
  {
    entries: ["controller.mjs"],
    bundles: [
      {
        entryPoints: {
          main: "controller/main.ts",
          // Started by its path, from the file that main.ts becomes.
          "diagnosis-worker": "controller/opening/diagnosis-worker.ts",
        },
        folder: "controller",
        format: "esm",
        apart: {},
      },
    ],
  },
];

/** What is bundled into one folder of dist/. */
type Bundle = {
  /** Sources by the name of what they become. */
  entryPoints: Readonly<Record<string, string>>;
  folder: string;
  format: "esm" | "cjs";
  apart: Apart;
  /** What is bundled along of all that is imported dynamically, by its path there; without it everything. The rest takes the whole program. */
  loads?: readonly string[];
};

/** Modules that are imported from another bundle, by their path there, instead of being bundled along. */
type Apart = Readonly<Record<string, string>>;

try {
  await buildInto(resolve(process.argv[2] ?? join(root, "dist")));
} catch (error) {
  // esbuild has printed its own messages, with file and line, by then.
  console.error(`error: the build failed: ${error instanceof Error ? error.message.split("\n")[0] : error}`);
  process.exitCode = 1;
}

/** Builds aside and puts the result in place as a whole, so that a failed build leaves the last one standing. */
async function buildInto(target: string): Promise<void> {
  const start = performance.now();
  const aside = await mkdtemp(join(dirname(target), ".dist-"));
  try {
    const metafiles: Metafile[] = [];
    for (const { entries, bundles } of programs) {
      for (const part of bundles) metafiles.push(await bundle(part, join(aside, part.folder)));
      for (const entry of entries) {
        await copyFile(join(root, "scripts", "entries", entry), join(aside, entry));
        await chmod(join(aside, entry), 0o755);
      }
    }
    await writeFile(join(aside, "LICENSES.txt"), await licencesOf(metafiles, root));
    await chmod(aside, 0o755);
    await rm(target, { recursive: true, force: true });
    await rename(aside, target);
    for (const metafile of metafiles) report(metafile, aside, target);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
  console.log(`built in ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

/**
 * Each bundle by itself: shared chunks would make a start of the CLI read code that only the controller needs, and
 * sealing a stream read in pieces what it shares with the other commands.
 */
async function bundle({ entryPoints, format, apart, loads }: Bundle, folder: string): Promise<Metafile> {
  const result = await build({
    absWorkingDir: root,
    entryPoints,
    outdir: folder,
    outExtension: { ".js": format === "esm" ? ".mjs" : ".cjs" },
    chunkNames: "[name]-[hash]",
    bundle: true,
    // What is imported dynamically becomes a file of its own, read when it is needed.
    splitting: format === "esm",
    format,
    platform: "node",
    target: "node24",
    mainFields: ["module", "main"],
    conditions: ["node"],
    minifySyntax: true,
    minifyWhitespace: true,
    keepNames: true,
    // The licences go to LICENSES.txt. Source maps would carry whole sources, so there are none.
    legalComments: "none",
    sourcemap: false,
    define: { SIGNET_VERSION: JSON.stringify(packageFile.version) },
    metafile: true,
    write: false,
    plugins: [elsewhere(apart), ...(loads === undefined ? [] : [wholeProgramFor(loads)])],
  });
  await mkdir(folder, { recursive: true });
  for (const { path, text } of result.outputFiles) await writeFile(path, finished(text, format));
  return result.metafile;
}

function elsewhere(apart: Apart): Plugin {
  return {
    name: "elsewhere",
    setup(building) {
      building.onResolve({ filter: /./ }, ({ path }) => {
        const to = apart[path];
        return to === undefined ? null : { path: to, external: true };
      });
    },
  };
}

/** Puts code that asks for the whole program in the place of what is imported dynamically and not loaded by this bundle. */
function wholeProgramFor(loads: readonly string[]): Plugin {
  const namespace = "whole-program";
  return {
    name: namespace,
    setup(building) {
      building.onResolve({ filter: /./ }, ({ path, kind }) =>
        kind === "dynamic-import" && !loads.includes(path) ? { path: "needed", namespace } : null,
      );
      building.onLoad({ filter: /./, namespace }, () => ({
        contents: `import { wholeProgram } from "./cli/whole-program.ts"; wholeProgram.isNeeded = true; throw new Error("in the whole program");`,
        resolveDir: root,
      }));
    },
  };
}

/**
 * Bundled CommonJS asks for Node's built-ins by `require`, which ES modules lack: give it to the chunk that looks for it.
 * A shebang goes: the entry stub has it.
 */
function finished(text: string, format: Bundle["format"]): string {
  const code = text.replace(/^#!.*\n/, "");
  if (format === "cjs" || !code.includes("typeof require")) return code;
  return `import{createRequire}from"node:module";const require=createRequire(import.meta.url);${code}`;
}

function report(metafile: Metafile, aside: string, target: string): void {
  for (const [path, { bytes }] of Object.entries(metafile.outputs)) {
    const shown = relative(root, join(target, relative(aside, join(root, path))));
    console.log(`${(bytes / 1024).toFixed(0).padStart(6)} kB  ${shown}`);
  }
}
