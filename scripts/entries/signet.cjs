#!/usr/bin/env node
// Node 12 and newer must be able to parse this file: it is what tells their users which Node they need.
if (Number(process.versions.node.split(".")[0]) < 24) {
  console.error(`error: signet needs Node.js 24 or newer; this is ${process.version}`);
  process.exitCode = 1;
} else {
  try {
    require(
      process.argv[2] === "guard"
        ? "./cli/guard.cjs"
        : process.argv[2] === "render"
          ? "./cli/render.cjs"
          : "./cli/main.cjs",
    );
  } catch (error) {
    // The text of an unforeseen error may quote what was being sealed, so only its kind is shown.
    console.error(`error: signet could not start (${error.code || error.name})`);
    console.error("hint: install it again; its dist folder must be kept whole");
    process.exitCode = 1;
  }
}
