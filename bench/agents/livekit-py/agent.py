"""The peer's agent, as its documentation writes one.

ENDPOINT_MS unset: its stock turn detection. ADMIT_ALL unset: its stock admission, by the machine's load.
"""

import math
import os

from livekit.agents import Agent, AgentServer, AgentSession, JobContext, JobProcess, cli
from livekit.plugins import openai, silero

pause_ms = os.environ.get("ENDPOINT_MS")
pause = None if pause_ms is None else float(pause_ms) / 1000
admit_all = {"load_fnc": lambda: 0.0, "load_threshold": math.inf} if "ADMIT_ALL" in os.environ else {}

server = AgentServer(host="127.0.0.1", port=0, **admit_all)


def prewarm(process: JobProcess) -> None:
    vad_options = {} if pause is None else {"min_silence_duration": pause}
    process.userdata["vad"] = silero.VAD.load(**vad_options)


server.setup_fnc = prewarm


@server.rtc_session(agent_name="bench")
async def answer_the_phone(context: JobContext) -> None:
    turns = {} if pause is None else {"turn_detection": "vad", "endpointing": {"min_delay": pause}}
    session = AgentSession(
        vad=context.proc.userdata["vad"],
        stt=openai.STT(),  # address and key are in OPENAI_BASE_URL and OPENAI_API_KEY
        llm=openai.LLM(model="mock"),
        tts=openai.TTS(response_format="pcm"),  # as all others ask; its default is MP3
        **({"turn_handling": turns} if turns else {}),
    )
    await session.start(agent=Agent(instructions="You answer the phone of a shop."), room=context.room)
    await context.connect()
    session.say("Hello, how can I help you today?")


if __name__ == "__main__":
    cli.run_app(server)
