/**
 * Program: the floor, a minimal agent directly on rtc-node: one process, every room in it, nothing between the wire and
 * the providers. What any runtime adds is measured against it.
 */
import { routeEvents } from "../../src/route.ts";
import { Session } from "./session.ts";
import { voicingOf } from "./voicing.ts";
import { work } from "./worker.ts";

process.on("unhandledRejection", (error) => console.error("unhandled", error));
await routeEvents();
const voicing = await voicingOf(process.env.VAD);
await work((job) => new Session(voicing).run(job));
