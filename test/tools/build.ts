// node test/tools/build.ts [name...]: builds the real components the tests need and prints where they are.
import { ensureMotoServer, moto } from "./moto.ts";
import { ensureRealComponents } from "./real-components.ts";
import { componentNames, isComponentName } from "./recipe.ts";

const known = [...componentNames, moto];
const given = process.argv.slice(2);
const asked = given.length === 0 ? known : given;
const unknown = asked.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`error: no recipe for ${unknown.join(", ")}\nhint: known are ${known.join(", ")}`);
  process.exit(2);
}
try {
  const paths = await ensureRealComponents(asked.filter(isComponentName));
  for (const [name, path] of Object.entries(paths)) console.log(`${name}\t${path}`);
  if (asked.includes(moto)) console.log(`${moto}\t${await ensureMotoServer()}`);
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
