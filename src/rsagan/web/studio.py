"""What the worker process does: analyse photos, prepare people, paint poses, put frames into a clip."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rsagan import __version__, assets
from rsagan.errors import InputError
from rsagan.network import best_device
from rsagan.people import (
    Person,
    Picture,
    Pose,
    from_json,
    in_one_frame,
    library,
    parsing_bytes,
    png_bytes,
    read_parsing,
    read_picture,
    to_json,
)
from rsagan.people.picture import AI_NOTICE
from rsagan.transfer import Model, Result, load, shipped_weights, target_of
from rsagan.video import Film
from rsagan.web.failures import Gone
from rsagan.web.settings import MOST_PICTURES, SAMPLES
from rsagan.web.sources import Scenery, Source, Sources

if TYPE_CHECKING:
    from rsagan.photo import Analysis

Reply = tuple[dict[str, Any], list[bytes]]
PREVIEW_HEIGHT: Final = 128
LARGEST_SIDE: Final = 1024
MOST_FILMS: Final = 4


@dataclass(eq=False)
class Reel:
    """A clip that is being made.

    Attributes:
        targets: the poses still to be painted, in the person's frame.
        file: the finished MP4, once `film` is closed.
    """

    targets: Iterator[Pose]
    film: Film
    file: io.BytesIO


class Studio:
    """The network, the prepared people, and the films being made. One caller at a time."""

    def __init__(self, weights: Path | None, size: tuple[int, int], cache_bytes: int, cache_seconds: float) -> None:
        self.size = size
        device = best_device()
        small = None if weights else shipped_weights(_preview(size))
        weights = weights or shipped_weights(size)
        self.model = load(weights, device)
        self.quick = quick(self.model) if small in (None, weights) else load(small, device)
        self.sources = Sources(cache_bytes, cache_seconds)
        self.reels: dict[str, Reel] = {}
        self.notice = f"{AI_NOTICE}, painted by rsagan {__version__} with the weights {weights.stem}"

    def warm_up(self) -> None:
        """Paint once, and analyse a sample if that needs no download, so that the first client does not wait."""
        ready = {row["name"] for row in assets.states() if row["state"] == "ready"}
        if {"pose-detection", "pose-landmark"} <= ready:
            told, _ = self.sample(SAMPLES[0])
            self.generate(told["source"], library.names()[0])

    def analyse(self, photo: bytes, person: int | None = None) -> Reply:
        """Find a person in an uploaded photo.

        Raises:
            InputError: unreadable, or nobody usable in it. AssetError: the photo networks are not there.
        """
        from rsagan.photo import analyse, cut_out

        name = self.sources.name(b"photo", photo, str(person).encode())
        known = self.sources.get(name)
        if known:
            return known.answer
        picture = read_picture(photo, "the photo")
        found = analyse(picture, self.size, person)
        height, width = picture.shape[:2]
        boxes = [[round(x0 / width, 4), round(y0 / height, 4), round(x1 / width, 4), round(y1 / height, 4)]
                 for x0, y0, x1, y1 in found.people]  # fmt: skip
        plain = replace(found.person, picture=cut_out(found.person.picture, found.mask))
        told = self._told(name, plain) | {
            "notes": found.notes,
            "facing": found.person.pose.facing,
            "people": boxes,
            "person": person or 0,
        }
        whole = _within(found)
        blobs = [png_bytes(plain.picture), parsing_bytes(plain.parsing), png_bytes(whole)]
        self.sources.put(name, Source(plain, (told, blobs), before=(whole, found.mask)))
        return told, blobs

    def sample(self, name: str) -> Reply:
        """Analyse a photo that comes with the package."""
        path = next((asset.path for asset in assets.SHIPPED if asset.name == name and name in SAMPLES), None)
        if path is None:
            raise InputError(f"There is no such sample; there are {', '.join(SAMPLES)}.")
        return self.analyse(path.read_bytes())

    def person(self, picture: bytes, parsing: bytes, photo: bytes = b"", *, pose: Any) -> Reply:
        """Take a person as the client knows them: corrected joints, painted regions, or from a person folder.

        Args:
            photo: the same frame with its own background, if that is known.

        Raises:
            InputError: the three do not fit together, or the network cannot use them.
        """
        pixels = read_picture(picture, "The person's picture", LARGEST_SIDE)
        person = Person(pixels, from_json(pose), read_parsing(parsing, size=(pixels.shape[0], pixels.shape[1])))
        kept = person.pose
        frame = repr((pixels.shape, kept.size, kept.facing)).encode()
        sure = b"" if kept.confidence is None else kept.confidence.tobytes()
        name = self.sources.name(
            b"person", frame, pixels.tobytes(), person.parsing.tobytes(), kept.points.tobytes(), sure, photo
        )
        known = self.sources.get(name)
        if known:
            return known.answer
        source = Source(person, (self._told(name, person), []), before=_before(photo, person) if photo else None)
        source.subject(self.model)
        self.sources.put(name, source)
        return source.answer

    def together(self, sources: list[str]) -> Reply:
        """Several pictures of one person as one source; size, place and pose are the first one's.

        Raises:
            InputError: weights that take one picture. Gone: one of them is no longer kept.
        """
        kept = [self._source(each) for each in sources]
        name = self.sources.name(b"together", *(each.encode() for each in sources))
        known = self.sources.get(name)
        if known:
            return known.answer
        people = [person for each in kept for person in (each.person, *each.others)]
        if len(people) > MOST_PICTURES:
            raise InputError(f"At most {MOST_PICTURES} pictures of a person are taken together, not {len(people)}.")
        source = Source(people[0], (self._told(name, people[0]), []), tuple(people[1:]), kept[0].before)
        source.subject(self.model)
        self.sources.put(name, source)
        return source.answer

    def scene(self, picture: bytes) -> Reply:
        """Take a picture for people to stand before.

        Raises:
            InputError: unreadable.
        """
        name = self.sources.name(b"scene", picture)
        known = self.sources.get(name)
        if known:
            return known.answer
        scenery = Scenery(picture, ({"scene": name}, []))
        scenery.scene(self.size)
        self.sources.put(name, scenery)
        return scenery.answer

    def generate(self, source: str, pose: Any, keep_place: bool = False, background: str = "plain") -> Reply:
        """Paint: the picture as PNG and the regions as the network drew them (or nothing), with the pose as used."""
        result, shown = self._paint(self.model, source, pose, keep_place, background)
        blobs = [png_bytes(shown, self.notice)]
        if result.parsing is not None:
            blobs.append(parsing_bytes(result.parsing))
        told = {
            "pose": to_json(result.pose),
            "height": result.picture.shape[0],
            "width": result.picture.shape[1],
            "painted_at": list(result.painted_at),
        }
        return told, blobs

    def preview(self, source: str, pose: Any, keep_place: bool = False, background: str = "plain") -> Reply:
        """Paint small and quickly: a JPEG at the network's preview size."""
        _, shown = self._paint(self.quick, source, pose, keep_place, background)
        return {}, [_jpeg(shown, self.quick.size, self.notice)]

    def film_open(
        self, film: str, source: str, poses: list[Any], fps: int, keep_place: bool = False, background: str = "plain"
    ) -> Reply:
        """Begin a clip of that name; the frames follow one by one, so that others are served in between.

        Raises:
            InputError: a pose is not one, or, with `keep_place`, not usable where it is; without, none of them is.
        """
        subject, wanted = self._source(source).subject(self.model), [_pose(pose) for pose in poses]
        if keep_place:
            targets = [target_of(pose, subject.person, keep_place) for pose in wanted]
        else:
            targets = subject.place(in_one_frame(wanted), on_ground=background == "keep")
        while len(self.reels) >= MOST_FILMS:
            self.reels.pop(next(iter(self.reels)))
        file = io.BytesIO()
        self.reels[film] = Reel(iter(targets), Film(file, fps, self.notice), file)
        return {}, []

    def film_frame(self, film: str, source: str, background: str = "plain") -> Reply:
        """Paint the next frame."""
        reel, kept, behind = self._reel(film), self._source(source), self._behind(background)
        reel.film.add(kept.shown(kept.subject(self.model).paint(next(reel.targets)), behind))
        return {}, []

    def film_close(self, film: str) -> Reply:
        """The finished MP4."""
        reel = self._reel(film)
        reel.film.close()
        del self.reels[film]
        return {}, [reel.file.getvalue()]

    def film_drop(self, film: str) -> Reply:
        """Forget a clip."""
        self.reels.pop(film, None)
        return {}, []

    def counts(self) -> dict[str, int]:
        """For the metrics."""
        return {"sources": len(self.sources), "source_bytes": self.sources.bytes}

    def _paint(self, model: Model, source: str, pose: Any, keep_place: bool, background: str) -> tuple[Result, Picture]:
        """The result, and how it is shown."""
        target, kept, behind = _pose(pose), self._source(source), self._behind(background)
        result = kept.subject(model).pose(target, keep_place, on_ground=background == "keep")
        return result, kept.shown(result, behind)

    def _source(self, name: str) -> Source:
        source = self.sources.get(name)
        if not isinstance(source, Source):
            raise Gone("This person is no longer kept; send the photo or the person again.")
        return source

    def _behind(self, background: str) -> str | Scenery:
        if background in ("plain", "keep"):
            return background
        scenery = self.sources.get(background)
        if not isinstance(scenery, Scenery):
            raise Gone(
                "There is no such background, or not any more; it is `plain`, `keep`, or a picture: send that to "
                "/v1/scene, and what it is called there with each request."
            )
        return scenery

    def _reel(self, name: str) -> Reel:
        reel = self.reels.get(name)
        if reel is None:
            raise Gone("This clip is no longer kept; start it again.")
        return reel

    def _told(self, name: str, person: Person) -> dict[str, Any]:
        return {"source": name, "height": person.size[0], "width": person.size[1], "pose": to_json(person.pose)}


def quick(model: Model) -> Model:
    """The same network at a size for previews; itself if it is that small already."""
    if model.size[0] <= PREVIEW_HEIGHT:
        return model
    return Model(model.generator, {**model.metadata, "size": list(_preview(model.size))}, model.device)


def _pose(pose: Any) -> Pose:
    """A pose by its name in the library, or as JSON has it."""
    return library.load(pose) if isinstance(pose, str) else from_json(pose)


def _preview(size: tuple[int, int]) -> tuple[int, int]:
    """A frame's size, (height, width), as small as a preview."""
    return PREVIEW_HEIGHT, max(32, round(size[1] * PREVIEW_HEIGHT / size[0] / 8) * 8)


def _within(found: "Analysis") -> Picture:
    """The frame's part of the photo on the backdrop, where the fitted picture continues the photo's borders."""
    from rsagan.photo import BACKDROP

    picture, shown = np.empty_like(found.person.picture), found.fit.covered()
    picture[:] = BACKDROP
    picture[shown] = found.person.picture[shown]
    return picture


def _before(photo: bytes, person: Person) -> tuple[Picture, NDArray[np.float32]]:
    """A person's frame with its own background, and their outline in it."""
    from rsagan.photo import soft_outline

    picture = read_picture(photo, "The photo", LARGEST_SIDE)
    if picture.shape[:2] != person.size:
        raise InputError(f"The photo is {picture.shape[0]}x{picture.shape[1]} and the picture {person.size[0]}x"
                         f"{person.size[1]}; the two must show one frame.")  # fmt: skip
    return picture, soft_outline(person.parsing)


def _jpeg(picture: Picture, size: tuple[int, int], notice: str) -> bytes:
    file = io.BytesIO()
    image = Image.fromarray(picture).resize(size[::-1], Image.Resampling.LANCZOS)
    image.save(file, format="JPEG", quality=85, comment=notice.encode())
    return file.getvalue()
