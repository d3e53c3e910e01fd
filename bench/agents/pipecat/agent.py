"""The peer's bot, every call in this one process. It knows no LiveKit worker: POST /join {"room": NAME} brings it in.

ENDPOINT_MS unset: its stock turn detection.
"""

import asyncio
import os
import sys

from aiohttp import web
from livekit import api
from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.frames.frames import TTSSpeakFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair, LLMUserAggregatorParams
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.openai.stt import OpenAISTTService
from pipecat.services.openai.tts import OpenAITTSService
from pipecat.transports.livekit.transport import LiveKitParams, LiveKitTransport
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

URL = os.environ["LIVEKIT_URL"]
PROVIDER = {"api_key": os.environ["OPENAI_API_KEY"], "base_url": os.environ["OPENAI_BASE_URL"]}
PAUSE_MS = os.environ.get("ENDPOINT_MS")

# Its default writes every frame's fate, which nobody does in production.
logger.remove()
logger.add(sys.stderr, level="WARNING")


def turn_taking() -> LLMUserAggregatorParams:
    if PAUSE_MS is None:
        return LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer())
    pause = VADParams(stop_secs=float(PAUSE_MS) / 1000)
    at_the_pause = UserTurnStrategies(stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.0)])
    return LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer(params=pause), user_turn_strategies=at_the_pause)


def token_for(room: str) -> str:
    grants = api.VideoGrants(room_join=True, room=room, agent=True)
    token = api.AccessToken(os.environ["LIVEKIT_API_KEY"], os.environ["LIVEKIT_API_SECRET"])
    return token.with_identity("pipecat").with_kind("agent").with_grants(grants).to_jwt()


async def call(room: str) -> None:
    params = LiveKitParams(audio_in_enabled=True, audio_out_enabled=True)
    transport = LiveKitTransport(url=URL, token=token_for(room), room_name=room, params=params)
    context = LLMContext([{"role": "system", "content": "You answer the phone of a shop."}])
    user, assistant = LLMContextAggregatorPair(context, user_params=turn_taking())
    steps = [
        transport.input(),
        OpenAISTTService(**PROVIDER),
        user,
        OpenAILLMService(settings=OpenAILLMService.Settings(model="mock"), **PROVIDER),
        OpenAITTSService(**PROVIDER),
        transport.output(),
        assistant,
    ]
    worker = PipelineWorker(Pipeline(steps))
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)

    @transport.event_handler("on_first_participant_joined")
    async def greet(_transport, _participant) -> None:
        await worker.queue_frames([TTSSpeakFrame("Hello, how can I help you today?")])

    @transport.event_handler("on_participant_left")
    async def hang_up(_transport, *_why) -> None:
        await runner.cancel()

    await runner.run()


class Launcher:
    """Takes the names of rooms over HTTP; keeps its calls' tasks, which nobody else does."""

    def __init__(self) -> None:
        self.calls: set[asyncio.Task[None]] = set()

    async def join(self, request: web.Request) -> web.Response:
        task = asyncio.create_task(call((await request.json())["room"]))
        self.calls.add(task)
        task.add_done_callback(self.over)
        return web.json_response({})

    def over(self, task: "asyncio.Task[None]") -> None:
        self.calls.discard(task)
        if not task.cancelled() and task.exception() is not None:
            print(f"a call ended with {task.exception()!r}", flush=True)

    async def serve(self) -> None:
        app = web.Application()
        app.router.add_post("/join", self.join)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        print(f"ready on {runner.addresses[0][1]}", flush=True)
        await asyncio.Event().wait()


asyncio.run(Launcher().serve())
