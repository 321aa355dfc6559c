"""What the routes take and give, as the OpenAPI page shows it."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from rsagan.web.settings import MOST_PICTURES

MOST_FRAMES = 480
Name = Annotated[str, Field(max_length=64)]
PoseLike = Annotated[
    Name | dict[str, Any] | list[dict[str, Any]],
    Field(
        description="A name of `GET /v1/poses`, or a pose: `height`, `width` and OpenPose's "
        "`people[0].pose_keypoints_2d`, 18 times x, y, confidence (0 0 0 = missing). "
        "OpenPose with 25 and COCO with 17 joints are understood too, and what editors of skeletons write.",
        examples=["walk"],
    ),
]
SourceName = Annotated[str, Field(max_length=64, description="As `/v1/analyse` or `/v1/person` named the person.")]
Background = Annotated[
    Name,
    Field(
        description="`keep` shows the result before the frame's part of the photo, the person taken out. That is known "
        "of people whom `/v1/analyse` found, and of those handed in with their `photo`. A name that `/v1/scene` gave "
        "shows it before that picture.",
        examples=["plain"],
    ),
]
KeepPlace = Annotated[
    bool,
    Field(
        description="Take the joints where they are instead of placing them: by the person's size and limbs, the neck "
        "at the person's height or, before the photo's own background, the feet; poses of an animation all together."
    ),
]
Data = Annotated[str, Field(description="A PNG, as base64.")]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PersonAsked(_Asked):
    """A person as the client knows them."""

    picture: Annotated[str, Field(max_length=8 << 20, description="PNG, JPEG or WebP, as base64.")]
    parsing: Annotated[str, Field(max_length=2 << 20, description="Region map of the same size, PNG, as base64.")]
    pose: Annotated[dict[str, Any], Field(description="Joints in pixels of that picture.")]
    photo: Annotated[
        str | None,
        Field(max_length=8 << 20, description="The same frame with its own background, as the picture; for `keep`."),
    ] = None


class TogetherAsked(_Asked):
    """Several pictures of one person."""

    sources: Annotated[
        list[SourceName], Field(min_length=2, max_length=MOST_PICTURES, description="The first says size and place.")
    ]


class GenerateAsked(_Asked):
    """A person and the pose wanted."""

    source: SourceName
    pose: PoseLike
    keep_place: KeepPlace = False
    background: Background = "plain"
    preview: Annotated[
        str | None,
        Field(
            max_length=64,
            description="Answer with a small JPEG; of previews with the same word only the newest is painted.",
        ),
    ] = None


class AnimateAsked(_Asked):
    """A person and one pose a frame."""

    source: SourceName
    poses: Annotated[list[PoseLike], Field(min_length=1, max_length=MOST_FRAMES)]
    fps: Annotated[int, Field(ge=1, le=60)] = 12
    keep_place: KeepPlace = False
    background: Background = "plain"


class SourceTold(BaseModel):
    """A person the service keeps for a while."""

    source: str
    height: int
    width: int
    pose: dict[str, Any]


class AnalysisTold(SourceTold):
    """A person found in a photo, fitted into a frame."""

    picture: Annotated[Data, Field(description="What the network paints from: the person on a plain backdrop.")]
    photo: Annotated[Data, Field(description="The same frame with the photo's own background.")]
    parsing: Annotated[Data, Field(description="The region map: palette number = region.")]
    notes: list[str]
    facing: str
    people: Annotated[
        list[tuple[float, float, float, float]],
        Field(
            description="Boxes x0, y0, x1, y1 of all people, as shares of the photo's width and height; largest first."
        ),
    ]
    person: Annotated[int, Field(description="Which of them this is.")]


class SceneTold(BaseModel):
    """A picture to stand before, which the service keeps for a while."""

    scene: Annotated[str, Field(description="What `background` names it.")]


class ResultTold(BaseModel):
    """The person in the pose."""

    picture: Data
    parsing: Annotated[Data | None, Field(description="The regions as the network drew them, if it does.")]
    pose: Annotated[dict[str, Any], Field(description="The joints as they were used.")]
    height: int
    width: int
    painted_at: Annotated[list[int], Field(description="Height and width the network worked at.")]
    ai_generated: bool = True


class PoseTold(BaseModel):
    """A pose of the library."""

    name: str
    about: str
    pose: dict[str, Any]


class ClipTold(BaseModel):
    """An animation that is being made."""

    clip: str
    frames: int
    events: Annotated[
        str, Field(description="Progress, as server-sent events; an animation nobody follows is given up.")
    ]
    file: Annotated[str, Field(description="The MP4, once it is done.")]


class HealthTold(BaseModel):
    """Alive, or ready to paint."""

    status: str
    restarts: int = 0


class AboutTold(BaseModel):
    """What this service offers."""

    version: str
    demo: bool
    samples: list[str]
    size: list[int]
    regions: list[str]
    colours: list[list[int]]


class ErrorTold(BaseModel):
    """Why not, in one sentence."""

    error: str
