import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findPocketSphinx, POCKETSPHINX_LIBRARY } from "./installation.ts";

let home: string;
const nowhere = { libraryFolders: [], modelFolders: [], pythonEnvironment: "/nowhere" };

function put(path: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "");
  return path;
}
function putModel(folder: string): string {
  for (const name of ["en-us/mdef", "cmudict-en-us.dict", "en-us.lm.bin"]) put(join(folder, name));
  return folder;
}

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "parley-installation-"));
  put(join(home, "lib", POCKETSPHINX_LIBRARY));
  putModel(join(home, "model"));
  put(join(home, "venv", "bin", "python"));
  putModel(join(home, "venv", "lib", "python3.12", "site-packages", "pocketsphinx", "model", "en-us"));
  put(join(home, "half-venv", "bin", "python"));
});
afterAll(() => rmSync(home, { recursive: true }));

test("the library with its model is taken first", () => {
  const found = findPocketSphinx({
    libraryFolders: [join(home, "empty"), join(home, "lib")],
    modelFolders: [join(home, "model")],
    pythonEnvironment: join(home, "venv"),
  });
  expect(found).toMatchObject({ kind: "library", command: process.execPath });
  expect(found.args[1]).toBe(join(home, "lib", POCKETSPHINX_LIBRARY));
  expect(found.dictionary).toBe(join(home, "model", "cmudict-en-us.dict"));
});

test("the library may use the Python package's model", () => {
  const found = findPocketSphinx({
    ...nowhere,
    libraryFolders: [join(home, "lib")],
    pythonEnvironment: join(home, "venv"),
  });
  expect(found.kind).toBe("library");
  expect(found.acousticModel).toContain("site-packages");
});

test("without the library, Python decodes", () => {
  const found = findPocketSphinx({ ...nowhere, pythonEnvironment: join(home, "venv") });
  expect(found).toMatchObject({ kind: "python", command: join(home, "venv", "bin", "python") });
  expect(found.args.at(-1)).toMatch(/decoder_child\.py$/);
});

test.each([
  ["nothing", nowhere, /PocketSphinx \(libpocketsphinx/],
  ["an environment without the package", { pythonEnvironment: "half-venv" }, /PocketSphinx \(libpocketsphinx/],
  ["a library without a model", { libraryFolders: ["lib"] }, /English model/],
])("with %s, it says how to get what is missing", (_name, partly, message) => {
  const inHome = (path: string) => join(home, path);
  const search = {
    ...nowhere,
    ...("pythonEnvironment" in partly ? { pythonEnvironment: inHome(partly.pythonEnvironment ?? "") } : {}),
    ...("libraryFolders" in partly ? { libraryFolders: (partly.libraryFolders ?? []).map(inHome) } : {}),
  };
  expect(() => findPocketSphinx(search)).toThrow(message);
  expect(() => findPocketSphinx(search)).toThrow(/apt-get install .*pip install pocketsphinx==5\.1\.1/);
  expect(() => findPocketSphinx(search)).toThrow(expect.objectContaining({ code: "stt-not-installed" }));
});
