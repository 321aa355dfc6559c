"""Animations: a job asks the line for one frame after the other, so that others are served in between.

Jobs, progress and the finished clip live in memory, for a limited time.
"""

import asyncio
import json
import logging
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final

from rsagan.web.failures import Full, Gone, Overdue, Unready, WorkerLost, failure
from rsagan.web.line import Line
from rsagan.web.metrics import Metrics

_log = logging.getLogger("rsagan.web")
MOST_RUNNING: Final = 2
MOST_KEPT: Final = 8
KEEP_SECONDS: Final = 300.0
UNWATCHED_SECONDS: Final = 15.0  # a job that nobody follows any more is given up
_HEARTBEAT_SECONDS: Final = 10.0


@dataclass(eq=False)
class Clip:
    """One animation; `state` is running, done, failed or cancelled."""

    total: int
    done: int = 0
    state: str = "running"
    message: str = ""
    file: bytes = b""
    watchers: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    def tell(self, **news: Any) -> None:
        """Change something, and wake who follows."""
        for name, value in news.items():
            setattr(self, name, value)
        self.changed.set()
        self.changed = asyncio.Event()

    def event(self) -> str:
        """As a server-sent event."""
        data = {"state": self.state, "done": self.done, "total": self.total, "message": self.message}
        name = "progress" if self.state == "running" else self.state
        return f"event: {name}\ndata: {json.dumps(data)}\n\n"


class Clips:
    """All animations of a service, by names that cannot be guessed."""

    def __init__(self, line: Line, metrics: Metrics) -> None:
        self._line, self._metrics = line, metrics
        self._clips: dict[str, Clip] = {}

    def start(self, poses: list[Any], fps: int, how: dict[str, Any]) -> str:
        """Begin an animation; returns its name.

        Args:
            how: whom the frames show and in which way: what `Studio.film_open` takes besides film, poses and fps.

        Raises:
            Full: too many are being made. Unready: the worker is not there.
        """
        if not self._line.ready:
            raise Unready
        if sum(clip.state == "running" for clip in self._clips.values()) >= MOST_RUNNING:
            self._metrics.refused.labels("clips").inc()
            raise Full
        for name in [name for name, clip in self._clips.items() if clip.state != "running"][: -MOST_KEPT + 1]:
            del self._clips[name]
        name, clip = secrets.token_urlsafe(16), Clip(len(poses))
        self._clips[name] = clip
        clip.task = asyncio.create_task(self._run(name, clip, poses, fps, how))
        return name

    def get(self, name: str) -> Clip:
        """The animation.

        Raises:
            Gone: there is none of that name, or not any more.
        """
        if name not in self._clips:
            raise Gone("There is no such animation, or not any more; start it again.")
        return self._clips[name]

    def cancel(self, name: str) -> None:
        """Give an animation up and forget it."""
        clip = self.get(name)
        if clip.task:
            clip.task.cancel()
        self._clips.pop(name, None)

    async def follow(self, clip: Clip) -> AsyncIterator[str]:
        """Server-sent events until the animation is done."""
        clip.watchers += 1
        try:
            while True:
                changed = clip.changed
                yield clip.event()
                if clip.state != "running":
                    return
                while not changed.is_set():
                    try:
                        await asyncio.wait_for(changed.wait(), _HEARTBEAT_SECONDS)
                    except TimeoutError:
                        yield ": still there\n\n"
        finally:
            clip.watchers -= 1

    async def close(self) -> None:
        """Give all up."""
        for name in list(self._clips):
            self.cancel(name)

    async def _run(self, name: str, clip: Clip, poses: list[Any], fps: int, how: dict[str, Any]) -> None:
        self._metrics.clips.inc()
        try:
            clip.tell(file=await self._film(clip, poses, fps, how), state="done")
        except asyncio.CancelledError:
            clip.tell(state="cancelled", message="The animation was given up.")
        except Exception as error:
            status, sentence, _ = failure(error)
            if status == 500:
                _log.exception("A fault while animating")
            clip.tell(state="failed", message=sentence)
        finally:
            self._metrics.clips.dec()
            asyncio.get_running_loop().call_later(KEEP_SECONDS, self._clips.pop, name, None)

    async def _film(self, clip: Clip, poses: list[Any], fps: int, how: dict[str, Any]) -> bytes:
        """The MP4. All that knows how clips are made: open a film, add frames, close it."""
        film = {"film": secrets.token_hex(8)}  # named here, so that it can be dropped while it is being opened
        try:
            await self._line.ask("film_open", {**film, **how, "poses": poses, "fps": fps}, has_place=True)
            shown = film | {name: how[name] for name in ("source", "background")}
            unwatched = asyncio.get_running_loop().time()
            for _ in poses:
                await self._line.ask("film_frame", shown, has_place=True)
                clip.tell(done=clip.done + 1)
                now = asyncio.get_running_loop().time()
                unwatched = now if clip.watchers else unwatched
                if now - unwatched > UNWATCHED_SECONDS:
                    raise asyncio.CancelledError
            _, blobs = await self._line.ask("film_close", film, has_place=True)
            return blobs[0]
        except BaseException:
            if self._line.ready:
                asyncio.get_running_loop().create_task(self._forget(film))
            raise

    async def _forget(self, film: dict[str, Any]) -> None:
        try:
            await self._line.ask("film_drop", film, has_place=True)
        except (WorkerLost, Unready, Overdue):
            return  # the worker's films went with it
