import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { cliProgram } from "../support/built-programs.ts";
import type { ControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { startInstalledCluster } from "../support/installed-cluster.ts";
import { type Scene, sceneOf, sealedPath } from "../support/sealed-secret-scene.ts";
import { runSignet } from "../support/signet-cli.ts";
import { type SignetController, startSignetController } from "../support/signet-controller.ts";

requireNetbox();

const NAMESPACE = "shop";

suite("single items beside a real API server", () => {
  let cluster: ControlPlane;
  let controller: SignetController;
  let scene: Scene;
  let folder: string;
  let file: string;

  before(async () => {
    cluster = await startInstalledCluster();
    controller = await startSignetController({ controlPlane: cluster });
    scene = sceneOf(cluster);
    await scene.namespaces(NAMESPACE);
    folder = join(cluster.folder, "files");
    await mkdir(folder);
    file = join(folder, "db.json");
  });

  after(async () => {
    await controller?.stop();
    await cluster?.stop();
  });

  const environment = (kubeconfig: string) => ({ KUBECONFIG: kubeconfig, HOME: folder });
  const signet = (args: readonly string[], more: { stdin?: string; env?: Record<string, string> } = {}) =>
    runSignet(args, {
      cwd: folder,
      ...(more.stdin === undefined ? {} : { stdin: more.stdin }),
      env: { ...environment(cluster.adminKubeconfig), ...more.env },
    });
  const stranger = () => cluster.kubeconfigFor({ serviceAccount: { namespace: NAMESPACE, name: "nobody" } });

  /** An editor that writes this in the place of that. */
  async function editor(find: string, put: string): Promise<Record<string, string>> {
    const path = join(folder, "editor");
    await writeFile(path, `#!/bin/sh\nsed -i 's/${find}/${put}/' "$1"\n`);
    await chmod(path, 0o755);
    return { SIGNET_EDITOR: path };
  }

  /** The items of the Secret that comes of the file. */
  async function itemsInCluster(wanted: (items: Record<string, string>) => boolean) {
    const manifest = JSON.parse(await readFile(file, "utf8")) as object;
    const path = `${sealedPath(NAMESPACE)}/db`;
    const { status, body } = await cluster.request("GET", path);
    const { resourceVersion } = (status === 200 ? (body as { metadata: object }).metadata : {}) as {
      resourceVersion?: string;
    };
    const { metadata } = manifest as { metadata: object };
    const answer =
      status === 200
        ? await cluster.request("PUT", path, { ...manifest, metadata: { ...metadata, resourceVersion } })
        : await cluster.request("POST", sealedPath(NAMESPACE), manifest);
    assert.ok(answer.status === 200 || answer.status === 201, JSON.stringify(answer.body));
    return waitUntil({ what: "the Secret", boundMs: 90_000 }, async () => {
      const secret = await cluster.request("GET", `/api/v1/namespaces/${NAMESPACE}/secrets/db`);
      const { data = {} } = (secret.status === 200 ? secret.body : {}) as { data?: Record<string, string> };
      const items = Object.fromEntries(
        Object.entries(data).map(([item, value]) => [item, Buffer.from(value, "base64").toString()]),
      );
      return wanted(items) ? items : null;
    });
  }

  test("what was set, made, renamed and edited opens in the cluster", async () => {
    const place = ["--name", "db", "-n", NAMESPACE];
    const set = await signet(["set", ...place, "db.json", "password"], { stdin: "hunter2" });
    assert.equal(set.code, 0, set.stderr);
    assert.equal((await signet(["generate", "db.json", "token"])).code, 0);
    const first = await itemsInCluster(({ token }) => token !== undefined);
    assert.equal(first["password"], "hunter2");
    assert.equal((await signet(["rename", "db.json", "token", "key"])).code, 0);
    const env = await editor("hunter2", "hunter3");
    const edited = await signet(["edit", "--open", "--allow-disk", "db.json"], { env });
    assert.equal(edited.code, 0, edited.stderr);
    const items = await itemsInCluster(({ key }) => key !== undefined);
    assert.deepEqual(items, { password: "hunter3", key: first["token"] });
  });

  test("an account without rights seals as anybody may, and reads no sealing key", async () => {
    const env = { KUBECONFIG: await stranger(), ...(await editor("hunter3", "y")) };
    const before = await readFile(file);
    const { code, stdout, stderr } = await signet(["edit", "--open", "--allow-disk", "db.json"], { env });
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /^error: .*secrets.*kube-system.*403 Forbidden$/m);
    assert.match(stderr, /^hint: ./m);
    assert.deepEqual(await readFile(file), before);
    const closed = await signet(["edit", "--allow-disk", "--verbose", "db.json"], { env });
    assert.match(closed.stderr, /db\.json: nothing was changed/);
    assert.equal((await signet(["set", "db.json", "password"], { stdin: "hunter4", env })).code, 0);
    assert.equal((await signet(["rename", "db.json", "password", "word"], { env })).code, 0);
    assert.equal((await signet(["unset", "db.json", "key"], { env })).code, 0);
    assert.deepEqual(await itemsInCluster(({ word }) => word !== undefined), { word: "hunter4" });
  });

  test("interrupted while it waits for a value or an editor, nothing is changed and nothing left", async () => {
    const before = await readFile(file);
    const base = join(folder, "private");
    await mkdir(base);
    const path = join(folder, "slow-editor");
    await writeFile(path, '#!/bin/sh\necho "$1" > "$HOME/started"\nexec sleep 60\n');
    await chmod(path, 0o755);
    const started = join(folder, "started");
    for (const [args, signal] of [
      [["set", "db.json", "word"], "SIGINT"],
      [["edit", "--allow-disk", "db.json"], "SIGTERM"],
      [["edit", "--allow-disk", "db.json"], "SIGHUP"],
    ] as const) {
      await writeFile(started, "");
      const child = spawn(process.execPath, [cliProgram, ...args], {
        cwd: folder,
        env: {
          PATH: process.env["PATH"],
          TMPDIR: base,
          XDG_RUNTIME_DIR: base,
          SIGNET_EDITOR: path,
          ...environment(cluster.adminKubeconfig),
        },
        stdio: ["pipe", "ignore", "ignore"],
      });
      const ended = once(child, "exit");
      if (args[0] === "edit") {
        await waitUntil({ what: "the editor", boundMs: 90_000 }, async () =>
          (await readFile(started, "utf8")) === "" ? null : true,
        );
      }
      child.kill(signal);
      assert.deepEqual(await ended, [null, signal]);
      assert.deepEqual(await readFile(file), before);
      const shown = (await readFile(started, "utf8")).trim();
      if (shown !== "") await assert.rejects(readFile(shown), { code: "ENOENT" });
      assert.deepEqual(await readdir(base), []);
    }
  });
});
