// `npm start`: from a fresh clone to a page that talks. Needs Node 20 or newer and npm, nothing else.
import { join } from "node:path";
import { installDependencies, node24 } from "./lib/install.mjs";
import { root } from "./lib/root.mjs";
import { become } from "./lib/run.mjs";
import { buildWeb } from "./lib/web.mjs";

installDependencies();
const node = node24();
buildWeb(node);
const program = ["--disable-warning=ExperimentalWarning", join(root, "apps", "cli", "src", "main.js"), "start"];
process.exitCode = await become(node, [...program, ...process.argv.slice(2)]);
