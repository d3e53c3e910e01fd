/**
 * The thirteen WASI (preview 1) calls that flite makes, answered from memory: nothing a caller is told ever
 * touches the disk, and `node:wasi` (experimental, prints a warning) is not needed.
 * https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md
 */
const OK = 0;
const BAD_FD = 8;
const NO_ENTRY = 44;
const DIRECTORY = 3;
const REGULAR_FILE = 4;
const CHARACTER_DEVICE = 2;
/** The one pre-opened folder. */
const ROOT_FD = 3;
const ALL_RIGHTS = 0x1fffffffn;
const WHENCE_CURRENT = 1;
const WHENCE_END = 2;

/** Thrown through the WASM stack by `proc_exit`; the program's own way to end. */
export class ProgramExit {
  readonly code: number;
  constructor(code: number) {
    this.code = code;
  }
}

/** A file that grows as it is written. */
class MemoryFile {
  bytes = new Uint8Array(1 << 17);
  length = 0;
  position = 0;

  write(data: Uint8Array): void {
    const end = this.position + data.length;
    if (end > this.bytes.length) {
      const larger = new Uint8Array(Math.max(end, this.bytes.length * 2));
      larger.set(this.bytes.subarray(0, this.length));
      this.bytes = larger;
    }
    this.bytes.set(data, this.position);
    this.position = end;
    this.length = Math.max(this.length, end);
  }

  read(into: Uint8Array): number {
    const data = this.bytes.subarray(this.position, Math.min(this.length, this.position + into.length));
    into.set(data);
    this.position += data.length;
    return data.length;
  }
}

/** One run of a program: its arguments, and the files it writes below `/`. */
export class MemoryWasi {
  readonly files = new Map<string, MemoryFile>();
  readonly stdout = new MemoryFile();
  args: string[] = [];
  #memory: WebAssembly.Memory | undefined;
  readonly #open = new Map<number, MemoryFile>();

  readonly imports: Record<string, (...values: never[]) => number> = {
    args_sizes_get: (countAt: number, sizeAt: number) => {
      const view = this.#view();
      view.setUint32(countAt, this.args.length, true);
      view.setUint32(
        sizeAt,
        this.#encodedArgs().reduce((sum, arg) => sum + arg.length, 0),
        true,
      );
      return OK;
    },
    args_get: (listAt: number, bytesAt: number) => {
      const view = this.#view();
      let at = bytesAt;
      this.#encodedArgs().forEach((arg, index) => {
        view.setUint32(listAt + index * 4, at, true);
        this.#bytes().set(arg, at);
        at += arg.length;
      });
      return OK;
    },
    clock_time_get: (_clock: number, _precision: bigint, at: number) => {
      this.#view().setBigUint64(at, BigInt(Math.round(performance.now() * 1e6)), true);
      return OK;
    },
    fd_prestat_get: (fd: number, at: number) => {
      if (fd !== ROOT_FD) return BAD_FD;
      this.#view().setUint32(at, 0, true);
      this.#view().setUint32(at + 4, 1, true);
      return OK;
    },
    fd_prestat_dir_name: (fd: number, at: number) => {
      if (fd !== ROOT_FD) return BAD_FD;
      this.#bytes()[at] = "/".charCodeAt(0);
      return OK;
    },
    fd_fdstat_get: (fd: number, at: number) => {
      if (fd > ROOT_FD && !this.#open.has(fd)) return BAD_FD;
      this.#bytes().fill(0, at, at + 24);
      const kind = fd === ROOT_FD ? DIRECTORY : fd < ROOT_FD ? CHARACTER_DEVICE : REGULAR_FILE;
      this.#view().setUint8(at, kind);
      this.#view().setBigUint64(at + 8, ALL_RIGHTS, true);
      this.#view().setBigUint64(at + 16, ALL_RIGHTS, true);
      return OK;
    },
    fd_fdstat_set_flags: () => OK,
    path_open: (
      _dir: number,
      _lookup: number,
      nameAt: number,
      nameLength: number,
      create: number,
      _rights: bigint,
      _inheriting: bigint,
      _flags: number,
      fdAt: number,
    ) => {
      const name = new TextDecoder().decode(this.#bytes().slice(nameAt, nameAt + nameLength));
      let file = this.files.get(name);
      if (file === undefined) {
        if ((create & 1) === 0) return NO_ENTRY;
        file = new MemoryFile();
        this.files.set(name, file);
      }
      file.position = 0;
      const fd = ROOT_FD + 1 + this.#open.size;
      this.#open.set(fd, file);
      this.#view().setUint32(fdAt, fd, true);
      return OK;
    },
    // Closed descriptors stay known: numbers are never reused within the one run.
    fd_close: () => OK,
    fd_write: (fd: number, vectorsAt: number, count: number, writtenAt: number) => {
      const file = fd === 1 ? this.stdout : this.#open.get(fd);
      let written = 0;
      for (const part of this.#vectors(vectorsAt, count)) {
        file?.write(part);
        written += part.length;
      }
      this.#view().setUint32(writtenAt, written, true);
      return OK;
    },
    fd_read: (fd: number, vectorsAt: number, count: number, readAt: number) => {
      const file = this.#open.get(fd);
      let read = 0;
      for (const part of this.#vectors(vectorsAt, count)) read += file?.read(part) ?? 0;
      this.#view().setUint32(readAt, read, true);
      return OK;
    },
    fd_seek: (fd: number, offset: bigint, whence: number, at: number) => {
      const file = this.#open.get(fd);
      if (file === undefined) return BAD_FD;
      const from = whence === WHENCE_CURRENT ? file.position : whence === WHENCE_END ? file.length : 0;
      file.position = Math.max(0, from + Number(offset));
      this.#view().setBigUint64(at, BigInt(file.position), true);
      return OK;
    },
    proc_exit: (code: number) => {
      throw new ProgramExit(code);
    },
  };

  /** Runs `_start` of an instance made with `imports`; returns its exit code. */
  run(instance: WebAssembly.Instance, args: string[]): number {
    this.args = args;
    this.#memory = instance.exports.memory as WebAssembly.Memory;
    try {
      (instance.exports._start as () => void)();
      return 0;
    } catch (error) {
      if (error instanceof ProgramExit) return error.code;
      throw error;
    }
  }

  #encodedArgs(): Uint8Array[] {
    return this.args.map((arg) => new TextEncoder().encode(`${arg}\0`));
  }

  // The memory's buffer is replaced whenever it grows, so views are made at each call.
  #bytes(): Uint8Array {
    return new Uint8Array((this.#memory as WebAssembly.Memory).buffer);
  }

  #view(): DataView {
    return new DataView((this.#memory as WebAssembly.Memory).buffer);
  }

  #vectors(at: number, count: number): Uint8Array[] {
    const view = this.#view();
    const bytes = this.#bytes();
    return Array.from({ length: count }, (_, index) => {
      const start = view.getUint32(at + index * 8, true);
      return bytes.subarray(start, start + view.getUint32(at + index * 8 + 4, true));
    });
  }
}
