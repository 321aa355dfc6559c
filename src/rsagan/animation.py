"""What `rsagan animate` does with files: poses from a clip or a list, one painted person, an mp4."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rsagan import __version__
from rsagan.errors import InputError
from rsagan.files import check_folder, spare
from rsagan.jobs import Progress, Which, check_given, hidden_side, read_source, read_target
from rsagan.people import Picture, Pose, in_betweens, lacks_legs, library, read_motion, smoothed
from rsagan.people.motion import SMOOTHING
from rsagan.people.picture import AI_NOTICE

if TYPE_CHECKING:
    from rsagan.video import Clip

# Opens a progress bar for a named stage.
Stages = Callable[[str], AbstractContextManager[Progress]]
_PICTURES: Final = (".jpg", ".jpeg", ".png", ".webp", ".json", ".txt")
_FEWEST: Final = 0.5  # of a clip's frames must show the person
PACE: Final = 2.0  # key poses a second


@dataclass(frozen=True)
class Animated:
    """What `animate` made: the clip, its pictures and their pace, and sentences the user should see."""

    clip: Path
    frames: int
    fps: float
    notes: list[str]

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {"clip": str(self.clip), "frames": self.frames, "fps": round(self.fps, 3), "notes": self.notes}


def animate(
    source: Path | str,
    driving: Sequence[str],
    out: Path | str,
    weights: Path | str | None = None,
    size: tuple[int, int] = (256, 176),
    person: Which = None,
    background: str = "plain",
    retarget: bool = True,
    fps: float | None = None,
    pace: float | None = None,
    smoothing: float | None = None,
    sound: bool = False,
    stages: Stages | None = None,
    also: Sequence[Path | str] = (),
) -> Animated:
    """Paint the person of `source` moving, into an mp4 that says it is AI-generated.

    Args:
        source, weights, size, person, background, retarget, also: as in `rsagan.jobs.generate`.
        driving: a clip of somebody moving; or their poses, picture by picture (see `rsagan.people.read_motion`); or key
            poses: names of the library, names of its categories (all of their poses, in order), pose files, person
            folders, photos.
        out: the mp4.
        fps: pictures a second; those of the clip, the pace of a motion, or 25.
        pace: key poses a second, 2 by default; or poses of a motion, as many as pictures by default.
        smoothing: of a clip's or a motion's poses, the Gaussian's sigma in seconds, 0 for none; 0.08 by default.
        sound: keep the driving clip's.
        stages: progress bars.

    Raises:
        InputError: something cannot be read or used. AssetError: the photo analysis' files cannot be had.
    """
    check_given(source, driving, size, weights, background, also, driving=True)

    from rsagan.transfer import load, shipped_weights
    from rsagan.video import write_clip

    out, stages = Path(out), stages or (lambda _: nullcontext(lambda done, total: None))
    if out.suffix.lower() != ".mp4" or out.is_dir():
        raise InputError(f"The result is an mp4 file, such as clip.mp4, not {out}.")
    check_folder(out.parent)
    spare([source, *also, *driving], [out])
    for name, value, least, most in (("fps", fps, 1, 60), ("pace", pace, 0.1, 60), ("smoothing", smoothing, 0, 2)):
        if value is not None and not least <= value <= most:
            raise InputError(f"{name} must be from {least:g} to {most}, not {value:g}.")
    clip = _as_clip(driving)
    notes: list[str] = []
    motion = None if clip else _as_motion(driving, notes)
    own_pace = clip.fps if clip else max(pace, 1.0) if motion and pace else 25.0
    fps = fps or own_pace
    if clip and pace is not None:
        raise InputError("A clip has a pace of its own; leave pace out.")
    if not (clip or motion) and smoothing is not None:
        raise InputError("Key poses are joined smoothly as they are; leave smoothing out.")
    pace = pace or (fps if motion else PACE)
    smoothing = SMOOTHING if smoothing is None else smoothing
    if not (clip or motion) and pace > fps:
        raise InputError(f"A pace of {pace:g} key poses a second needs as many pictures a second; fps is {fps:g}.")
    if not clip and sound:
        raise InputError("There is sound to keep only if --driving is a clip.")
    given = read_source(source, size, person, background, also=also)
    weights = Path(weights or shipped_weights(given.person.size))
    model = load(weights)
    given.check(model)  # before anything that takes long
    subject = given.prepare(model)
    notes = given.notes + hidden_side(given) + notes
    if clip:
        with stages("following the clip") as progress:
            found = _followed(clip, fps, progress, notes)
        poses = _steady(found, f"The clip {clip.path}", fps, smoothing, notes)
        if sound and not clip.sound:
            notes.append(f"{clip.path} has no sound that can be kept.")
    elif motion:
        wanted = round((len(motion) - 1) * fps / pace) + 1
        found = [motion[min(round(k * pace / fps), len(motion) - 1)] for k in range(max(wanted, 2))]
        poses = _steady(found, f"The motion {driving[0]}", fps, smoothing, notes)
    else:
        poses = in_betweens(_key_poses(driving, size, notes), fps / pace)
    if lacks_legs(poses, given.person.pose):
        notes.append("What drives shows no legs; the person stands.")
    results = subject.animate(poses, retarget, on_ground=background == "keep")

    with stages("painting") as progress:

        def pictures() -> Iterator[Picture]:
            for done, result in enumerate(results):
                yield given.show(result)
                progress(done + 1, len(poses))

        notice = f"{AI_NOTICE}, painted by rsagan {__version__} with the weights {weights.stem}"
        count = write_clip(out, pictures(), fps, notice, clip if clip and sound and clip.sound else None)
    return Animated(out, count, fps, notes)


def _as_clip(driving: Sequence[str]) -> "Clip | None":
    """The clip, if what drives is one; None for a list of poses."""
    from rsagan.video import open_clip

    clips = [text for text in driving if _is_clip(text)]
    if not clips:
        return None
    if len(driving) > 1:
        raise InputError(f"{clips[0]} is a clip; it must be the only thing that drives.")
    return open_clip(driving[0])


def _as_motion(driving: Sequence[str], notes: list[str]) -> list[Pose | None] | None:
    """The poses, if what drives is a motion; None for a list of poses. What to say of it is added to `notes`."""
    named = (*library.names(), *library.categories())
    motions = {text: motion for text in driving if text not in named and (motion := read_motion(text, notes))}
    if motions and len(driving) > 1:
        raise InputError(f"{next(iter(motions))} is a motion; it must be the only thing that drives.")
    return next(iter(motions.values()), None)


def _is_clip(text: str) -> bool:
    path = Path(text)
    if path.suffix.lower() in _PICTURES or path.is_dir():
        return False
    return bool(path.suffix) or (path.is_file() and text not in (*library.names(), *library.categories()))


def _key_poses(driving: Sequence[str], size: tuple[int, int], notes: list[str]) -> list[Pose]:
    poses: list[Pose] = []
    for text in driving:
        names = library.names(text) if text in library.categories() and text not in library.names() else [text]
        poses += [read_target(name, size, notes) for name in names]
    if len(poses) < 2:
        raise InputError("One pose is no motion; give --driving several times, or use `rsagan generate`.")
    return poses


def _followed(clip: "Clip", fps: float, progress: Progress, notes: list[str]) -> list[Pose | None]:
    """The clip's poses as they are found; what to say about them is added to `notes`."""
    from rsagan.photo import clip_poses
    from rsagan.video import read_frames

    expected = round((clip.seconds or 0) * fps)
    pictures = (frame.picture for frame in read_frames(clip, fps))
    try:
        found = clip_poses(pictures, progress=lambda done: progress(done, max(done, expected)), notes=notes)
    except InputError as error:
        raise InputError(f"{clip.path}: {error}") from error
    if len(found) < 2:
        raise InputError(f"The clip {clip.path} holds one picture only; save it as PNG or JPEG and use that as a pose.")
    return found


def _steady(found: list[Pose | None], what: str, fps: float, smoothing: float, notes: list[str]) -> list[Pose]:
    """Poses of a clip or a motion, smoothed; what to say about them is added to `notes`."""
    seen = sum(pose is not None for pose in found)
    if seen < _FEWEST * len(found):
        raise InputError(f"{what} shows a person in {seen} of its {len(found)} frames only; cut it to where it does.")
    lost = len(found) - seen
    if lost:
        notes.append(f"In {lost} of {len(found)} frames nobody was found; the motion is filled in there.")
    return smoothed(found, fps, smoothing)
