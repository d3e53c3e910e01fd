import { slowAgent } from "../slow-agent.ts";

/** Takes longer to load than a job takes to come. */
export default slowAgent("slow-start", 500);
