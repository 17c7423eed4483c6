import assert from "node:assert/strict";
import { test } from "node:test";
import { pinnedCluster } from "../../../cli/project/pinned-cluster.ts";
import { findProject } from "../../../cli/project/project-file.ts";
import { memoryIo } from "../../support/memory-io.ts";
import { projectFiles } from "./project-scene.ts";

test("a pinned certificate lies in the project, wherever a link to it leads", () => {
  const { io } = memoryIo([], { files: projectFiles() });
  const project = findProject(io);
  assert.ok(project !== null);
  const moved = { ...project, path: "/work/app/.signet.yaml" };
  const certificate = io.files.read("/certs/prod.pem");
  const pinned = (place: string) => {
    const files = { ...io.files, realPath: () => place, read: () => certificate };
    return pinnedCluster(moved, "prod", { ...io, files });
  };
  assert.equal(pinned("/work/app/keys/prod.pem").name, "prod");
  assert.equal(pinned("/work/app/.github/prod.pem").name, "prod");
  for (const place of [
    "/work/application/prod.pem",
    "/home/me/id",
    "/work/app/.git/config",
    "/work/app/vendor/.Git/x",
    "/work/app/GIT~1/x",
  ])
    assert.throws(
      () => pinned(place),
      /prod\.pem lies in \.git, or is a link that leads there or out of the project/,
    );
});
