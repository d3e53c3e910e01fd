import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ParleyError } from "@parley/engine";
import { cacheFolder } from "../cache-folder.ts";

/** PocketSphinx as found on this machine: how to start a decoder, and where the English model is. */
export interface Installation {
  kind: "library" | "python";
  command: string;
  args: readonly string[];
  acousticModel: string;
  dictionary: string;
  /** For free dictation. */
  generalModel: string;
}

export interface InstallationSearch {
  /** Where to look for libpocketsphinx.so.3 before the usual folders. */
  libraryFolders?: readonly string[];
  /** Where to look for the model en-us before the usual folders. */
  modelFolders?: readonly string[];
  /** The Python environment made by `installLocalSpeech`. */
  pythonEnvironment?: string;
}

export const POCKETSPHINX_LIBRARY = "libpocketsphinx.so.3";
const HERE = import.meta.url;

const LIBRARY_FOLDERS = [
  ...(process.env.LD_LIBRARY_PATH ?? "").split(":").filter(Boolean),
  "/usr/lib/x86_64-linux-gnu",
  "/usr/lib/aarch64-linux-gnu",
  "/usr/lib/arm-linux-gnueabihf",
  "/usr/lib64",
  "/usr/lib",
  "/usr/local/lib",
];
const MODEL_FOLDERS = ["/usr/share/pocketsphinx/model/en-us", "/usr/local/share/pocketsphinx/model/en-us"];

/** The Python environment that `installLocalSpeech` makes. */
export function pythonEnvironment(): string {
  return cacheFolder("pocketsphinx-venv");
}

export const INSTALL_HINT =
  "Install it with `apt-get install libpocketsphinx3 pocketsphinx-en-us` (Debian, Ubuntu), " +
  "or anywhere with `python3 -m venv ~/.cache/parley/pocketsphinx-venv && " +
  "~/.cache/parley/pocketsphinx-venv/bin/pip install pocketsphinx==5.1.1`.";

/** The library is preferred: no Python, less memory. Throws ParleyError `stt-not-installed`, which says how to get it. */
export function findPocketSphinx(search: InstallationSearch = {}): Installation {
  const library = findLibrary(search);
  const python = findPython(search.pythonEnvironment ?? pythonEnvironment());
  const model = findModel(search) ?? python?.model;
  if (library !== undefined && model !== undefined) {
    const extension = HERE.endsWith(".ts") ? "ts" : "js";
    const child = fileURLToPath(new URL(`./decoder-child.${extension}`, HERE));
    return { kind: "library", command: process.execPath, args: [child, library], ...modelPaths(model) };
  }
  if (python !== undefined) {
    const child = join(dirname(fileURLToPath(HERE)), "decoder_child.py");
    return { kind: "python", command: python.command, args: ["-u", child], ...modelPaths(python.model) };
  }
  const lacking =
    library === undefined
      ? `PocketSphinx (${POCKETSPHINX_LIBRARY})`
      : "PocketSphinx's English model (pocketsphinx-en-us)";
  throw new ParleyError(
    `Speech recognition without a key needs ${lacking}, which is not on this machine. ${INSTALL_HINT}`,
    {
      code: "stt-not-installed",
      category: "configuration",
    },
  );
}

export function findLibrary(search: InstallationSearch = {}): string | undefined {
  return [...(search.libraryFolders ?? LIBRARY_FOLDERS)]
    .map((folder) => join(folder, POCKETSPHINX_LIBRARY))
    .find((path) => existsSync(path));
}

export function findModel(search: InstallationSearch = {}): string | undefined {
  return (search.modelFolders ?? MODEL_FOLDERS).find((folder) => isModel(folder));
}

function isModel(folder: string): boolean {
  const paths = modelPaths(folder);
  return (
    existsSync(join(paths.acousticModel, "mdef")) && existsSync(paths.dictionary) && existsSync(paths.generalModel)
  );
}

function modelPaths(folder: string): Pick<Installation, "acousticModel" | "dictionary" | "generalModel"> {
  return {
    acousticModel: join(folder, "en-us"),
    dictionary: join(folder, "cmudict-en-us.dict"),
    generalModel: join(folder, "en-us.lm.bin"),
  };
}

/** The interpreter of a virtual environment that has the package, and the package's own model. */
export function findPython(environment: string): { command: string; model: string } | undefined {
  const command = [join(environment, "bin", "python"), join(environment, "Scripts", "python.exe")].find(existsSync);
  if (command === undefined) return undefined;
  const libraries = [join(environment, "Lib"), ...pythonLibraries(join(environment, "lib"))];
  const model = libraries
    .map((folder) => join(folder, "site-packages", "pocketsphinx", "model", "en-us"))
    .find((folder) => isModel(folder));
  return model === undefined ? undefined : { command, model };
}

function pythonLibraries(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.startsWith("python3"))
    .map((name) => join(folder, name));
}
