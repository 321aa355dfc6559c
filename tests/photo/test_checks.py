import numpy as np
import pytest

from rsagan.photo.checks import doubt, inside, visible_part
from rsagan.photo.landmarks import Detection, Roi

BODY = {
    0: (50, 14), 7: (53, 13), 8: (47, 13), 11: (60, 26), 12: (40, 26), 13: (63, 40), 14: (37, 40), 15: (64, 53),
    16: (36, 53), 23: (56, 52), 24: (44, 52), 25: (56, 70), 26: (44, 70), 27: (56, 88), 28: (44, 88),
}  # fmt: skip


def body(**more: object) -> Detection:
    points = np.full((33, 2), 50, np.float32)
    points[1:11] = 50, 15
    points[17:23] = 50, 54
    points[29:33] = 50, 91
    for joint, at in BODY.items():
        points[joint] = at
    logits = np.full((256, 256), -9, np.float32)
    logits[20:250, 80:176] = 9
    given: dict[str, object] = {
        "points": points,
        "visibility": np.ones(33, np.float32),
        "presence": np.ones(33, np.float32),
        "mask_logits": logits,
        "roi": Roi(50, 50, 100),
        "score": 0.9,
        "flag": 1.0,
        "photo_size": (100, 100),
    }
    return Detection(**given | more)  # type: ignore[arg-type]


def test_a_body_is_believed() -> None:
    assert doubt(body()) is None
    assert visible_part(body()) is None


def moved(joint: int, x: float, y: float) -> np.ndarray:
    points = body().points.copy()
    points[joint] = x, y
    return points


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"flag": 0.3}, "does not believe"),
        ({"flag": 0.8, "score": 0.0}, "does not believe"),
        ({"mask_logits": np.full((256, 256), -9, np.float32)}, "outline"),
        ({"mask_logits": np.full((256, 256), 9, np.float32)}, "outline"),
        ({"visibility": np.r_[np.zeros(11), np.ones(22)].astype(np.float32)}, "no head"),
        ({"visibility": np.r_[np.ones(11), np.zeros(22)].astype(np.float32)}, "no torso"),
        ({"points": moved(27, 150, 88)}, "limbs"),
        ({"points": moved(0, 95, 14)}, "head does not fit"),
        ({"roi": Roi(160, 50, 100)}, "outside its outline"),
    ],
)
def test_doubts(more: dict[str, object], reason: str) -> None:
    assert reason in str(doubt(body(**more)))


def test_half_a_body() -> None:
    assert visible_part(body(photo_size=(60, 100))) == "head to hips"
    assert visible_part(body(photo_size=(75, 100))) == "head to knees"
    assert visible_part(body(photo_size=(30, 100))) == "head to chest"
    low = body().points - [0, 20]
    assert visible_part(body(points=low.astype(np.float32))) == "shoulders to ankles"
    assert visible_part(body(points=(body().points - (0, 30)).astype(np.float32), photo_size=(20, 100))) == "chest"
    legs = body().points - (0, 45)
    assert visible_part(body(points=legs.astype(np.float32))) == "hips to ankles"
    assert not inside(body(photo_size=(60, 100)), [27, 28])
