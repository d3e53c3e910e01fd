// Packs every publishable package as it goes to a registry: JavaScript and declarations in dist, exports pointing there.
// (Node refuses to strip types under node_modules, so the sources themselves cannot be published.)
//   node scripts/pack.mjs [folder]      prints one line per tarball; default folder: ./dist-packages
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { root } from "./lib/root.mjs";
import { stop } from "./lib/say.mjs";

const outDir = resolve(process.argv[2] ?? join(root, "dist-packages"));
const work = mkdtempSync(join(tmpdir(), "parley-pack-"));
mkdirSync(outDir, { recursive: true });

try {
  const emitted = emit();
  const staged = publishable().map((dir) => stage(dir, emitted));
  // One npm for all of them: it takes longer to start than to pack.
  const names = run("npm", ["pack", "--silent", "--pack-destination", outDir, ...staged], work);
  for (const name of names.trim().split("\n")) process.stdout.write(`${join(outDir, name)}\n`);
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** Every workspace that is meant to be installed; test code, benches and the page's sources are not. */
function publishable() {
  const folders = globSync(["packages/*", "packages/providers/*", "apps/*"], { cwd: root });
  return folders
    .filter((dir) => existsSync(join(root, dir, "package.json")))
    .filter((dir) => !JSON.parse(readFileSync(join(root, dir, "package.json"), "utf8")).private)
    .sort();
}

/** Compiles everything once; returns the folder that mirrors the repository. */
function emit() {
  const emitted = join(work, "js");
  const config = {
    extends: join(root, "tsconfig.json"),
    compilerOptions: {
      noEmit: false,
      noCheck: true,
      declaration: true,
      rootDir: root,
      outDir: emitted,
      typeRoots: [join(root, "node_modules/@types")],
    },
    include: ["apps/*/src", "packages/*/src", "packages/providers/*/src", "examples"].map((path) => join(root, path)),
    exclude: ["**/*.test.ts", "**/*.test.tsx", "**/test/**", "apps/web/**", "**/node_modules"].map((path) =>
      join(root, path),
    ),
  };
  const file = join(work, "tsconfig.json");
  writeFileSync(file, JSON.stringify(config));
  run("node", [join(root, "node_modules/typescript/bin/tsc"), "-p", file], root);
  return emitted;
}

/** A package's folder as it is published. */
function stage(dir, emitted) {
  const from = join(root, dir);
  const to = join(work, "packages", dir);
  const manifest = JSON.parse(readFileSync(join(from, "package.json"), "utf8"));
  mkdirSync(to, { recursive: true });
  if (existsSync(join(emitted, dir, "src"))) cpSync(join(emitted, dir, "src"), join(to, "dist"), { recursive: true });
  copyAssets(join(from, "src"), join(to, "dist"));
  for (const extra of manifest.files ?? []) {
    if (existsSync(join(from, extra))) cpSync(join(from, extra), join(to, extra), { recursive: true });
  }
  for (const name of ["README.md", "LICENSE"]) {
    const source = [join(from, name), join(root, name)].find((path) => existsSync(path));
    if (source) cpSync(source, join(to, name));
  }
  if (manifest.bin?.parley) {
    // The demo agent and the built page lie elsewhere in the repository; the installed program brings them along.
    cpSync(join(emitted, "examples"), join(to, "dist", "examples"), { recursive: true });
    const page = join(root, "apps", "web", "dist");
    if (existsSync(page)) cpSync(page, join(to, "dist", "web"), { recursive: true });
  }
  writeFileSync(join(to, "package.json"), `${JSON.stringify(published(manifest), null, 2)}\n`);
  return to;
}

/** What stands beside the sources and is read at run time: models, word lists, SQL. */
function copyAssets(from, to) {
  for (const path of globSync("**/*", { cwd: from })) {
    if (/\.tsx?$|(^|\/)(test|fixtures)\//.test(path) || !statSync(join(from, path)).isFile()) continue;
    mkdirSync(dirname(join(to, path)), { recursive: true });
    cpSync(join(from, path), join(to, path));
  }
}

function published(manifest) {
  const { devDependencies: _dev, scripts: _scripts, ...kept } = manifest;
  const compiled = (path) => path.replace(/^\.\/src\//, "./dist/").replace(/\.tsx?$/, ".js");
  const entry = (path) => ({ types: compiled(path).replace(/\.js$/, ".d.ts"), default: compiled(path) });
  const exports = Object.entries(manifest.exports ?? {}).map(([name, path]) => [
    name,
    typeof path === "string" && path.startsWith("./src/") ? entry(path) : path,
  ]);
  const imports = Object.entries(manifest.imports ?? {}).map(([name, path]) => [name, compiled(path)]);
  const bin = Object.entries(manifest.bin ?? {}).map(([name, path]) => [name, compiled(path)]);
  return {
    ...kept,
    exports: Object.fromEntries(exports),
    ...(imports.length > 0 ? { imports: Object.fromEntries(imports) } : {}),
    ...(bin.length > 0 ? { bin: Object.fromEntries(bin) } : {}),
    files: [...new Set(["dist", ...(manifest.files ?? [])])],
    engines: { node: ">=24" },
  };
}

function run(command, args, cwd) {
  const result = spawnSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  if (result.status === 0) return result.stdout;
  return stop(
    `${command} ${args.join(" ")} in ${relative(root, cwd) || "."} failed:\n${result.stdout}${result.stderr}`,
  );
}
