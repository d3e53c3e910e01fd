import { slowAgent } from "../slow-agent.ts";

/** Takes longer to load than LiveKit waits for an answer to its offer. */
export default slowAgent("slower-start", 4_500);
