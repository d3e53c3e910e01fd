import { readFileSync, renameSync, writeFileSync } from "node:fs";

/** Which calls are let down just now: a file that the test writes and the agent reads before every request. */
interface Board {
  /** Services that are well, and those that are not, by their base URLs. */
  well: string;
  services: readonly string[];
  /** By the call's tag: the service that it is to be let down by. */
  faulty: Record<string, string>;
}

export function readBoard(): Board {
  return JSON.parse(readFileSync(process.env.FAULT_BOARD ?? "", "utf8")) as Board;
}

/** A call names itself by the private part of its language, `en-x-<tag>`: that alone reaches every provider. */
export function tagOf(language: string): string {
  return /-x-(.+)$/.exec(language)?.[1] ?? "";
}

export interface FaultBoard {
  readonly file: string;
  letDown(tag: string, service: string): void;
  heal(tag: string): void;
}

export function faultBoard(file: string, { well, services }: Pick<Board, "well" | "services">): FaultBoard {
  const faulty: Record<string, string> = {};
  const write = () => {
    writeFileSync(`${file}.new`, JSON.stringify({ well, services, faulty } satisfies Board));
    renameSync(`${file}.new`, file);
  };
  write();
  return {
    file,
    letDown(tag, service) {
      faulty[tag] = service;
      write();
    },
    heal(tag) {
      delete faulty[tag];
      write();
    },
  };
}
