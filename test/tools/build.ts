// node test/tools/build.ts [name...]: builds the real components the tests need and prints where they are.
import { ensureRealComponents } from "./real-components.ts";
import { componentNames, isComponentName } from "./recipe.ts";

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !isComponentName(name));
if (unknown.length > 0) {
  console.error(`error: no recipe for ${unknown.join(", ")}\nhint: known are ${componentNames.join(", ")}`);
  process.exit(2);
}
try {
  const paths = await ensureRealComponents(asked.length === 0 ? undefined : asked.filter(isComponentName));
  for (const [name, path] of Object.entries(paths)) console.log(`${name}\t${path}`);
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
