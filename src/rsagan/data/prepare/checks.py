"""What is looked at before anything is written: a wrong option shows in a sample of the data."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rsagan.data.pairs import spread
from rsagan.data.prepare.frames import outside
from rsagan.data.prepare.labels import check_label_set
from rsagan.data.prepare.tasks import View
from rsagan.errors import InputError

_POSES: Final = 400
_MAPS: Final = 32
_PICTURES: Final = 8
_FEWEST: Final = 5  # poses or maps that say something together
_OFF_CENTRE: Final = 0.15  # of the width
_MOST_OUTSIDE: Final = 0.1
_NECK, _HIPS = 1, [8, 11]


def check(views: Sequence[View]) -> None:
    """Look at a sample of the views.

    Raises:
        InputError: the options do not fit the data; the sentence names the option.
    """
    if not views:
        raise InputError("No row of the lists names a picture of the data set; give the lists that belong to it.")
    if all(view.picture is None for view in views):
        raise InputError(
            f"None of the {len(views):,} listed pictures was found; name the folder that holds them as PICTURES."
        )
    options = views[0].options
    poses = [points for view in _some(views, _POSES) if (points := _points(view)) is not None]
    check_joints(poses, options.size, options.fixed)
    _check_pictures([view for view in views if view.picture is not None])
    if options.labels is None:
        return
    with_map = [view for view in views if view.parsing is not None]
    if not with_map:
        raise InputError("None of the pictures has a parsing map; name the folder that holds them with --parsing.")
    maps = []
    for view in _some(with_map, _MAPS):
        points = _points(view)
        try:
            labels = view.read_labels()
        except InputError:
            continue  # a single broken file is named when its turn comes
        if points is not None:
            maps.append((labels, points))
    if not maps:
        with_map[0].read_labels()  # which says what is wrong with all of them
    if len(maps) >= _FEWEST:
        check_label_set(maps, options.labels, options.fixed)


def check_joints(poses: Sequence[NDArray[np.float32]], size: tuple[int, int], fixed: bool = False) -> None:
    """Do the people of these poses, (18, 2) each, stand upright in the middle of the frame?

    Args:
        fixed: there is no option for the frame to name.

    Raises:
        InputError: no; the sentence says what that is a sign of.
    """
    if len(poses) < _FEWEST:
        return
    points = np.stack(poses)
    known = ~np.isnan(points[..., 0])
    if not known.any():
        return
    necks = points[:, _NECK, 0][known[:, _NECK]]
    off = float(np.median(necks)) - (size[1] - 1) / 2 if len(necks) >= _FEWEST else 0.0
    torsos = points[:, _HIPS].mean(1) - points[:, _NECK]
    torsos = torsos[~np.isnan(torsos[:, 0])]
    if len(torsos) >= _FEWEST:
        across, down = np.median(np.abs(torsos), axis=0)
        if across > down:
            raise InputError("The people of these lists lie on their sides: x and y of the joints are exchanged.")
    if abs(off) > _OFF_CENTRE * size[1]:
        cure = "take the lists of these pictures" if fixed else "choose it with --frame"
        raise InputError(
            f"The people stand {abs(off):.0f} pixels {'right' if off > 0 else 'left'} of the middle of the "
            f"{size[0]}x{size[1]} frame: the joints are given in another frame; {cure}."
        )
    share = sum(int(outside(pose, size).sum()) for pose in poses) / known.sum()
    if share > _MOST_OUTSIDE:
        raise InputError(
            f"{share:.0%} of the joints lie outside the {size[0]}x{size[1]} frame: they are given in another frame."
        )


def _check_pictures(views: Sequence[View]) -> None:
    """Raises the first picture's problem if all of a sample have one."""
    problems = []
    for view in _some(views, _PICTURES):
        try:
            view.read_picture()
        except InputError as error:
            problems.append(error)
        else:
            return
    raise problems[0]


def _points(view: View) -> NDArray[np.float32] | None:
    """The view's joints; None if there are none or they cannot be read."""
    try:
        points = view.points()
    except InputError:
        return None
    return None if np.isnan(points).all() else points


def _some(views: Sequence[View], count: int) -> list[View]:
    return [views[i] for i in spread(len(views), count)]
