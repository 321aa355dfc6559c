"""What a picture of a person is: joints, regions, pictures and their files. Needs numpy and Pillow only."""

from rsagan.people.draw import draw_parsing, draw_pose, grid
from rsagan.people.motion import in_betweens, in_one_frame, smoothed
from rsagan.people.person import (
    PERSON_FILES,
    Person,
    covered_in,
    parsing_bytes,
    read_parsing,
    read_person,
    write_parsing,
    write_person,
)
from rsagan.people.picture import AI_NOTICE, Fit, Picture, fit_box, png_bytes, read_picture, write_png
from rsagan.people.placing import lacks_legs, placed, placed_sequence
from rsagan.people.pose import FACINGS, FLIP, JOINTS, LIMBS, NUM_JOINTS, Facing, Pose, same_shape
from rsagan.people.pose_formats import from_json, from_order, read_pose, to_json, write_pose
from rsagan.people.pose_sequence import read_motion
from rsagan.people.regions import (
    LABEL_NAMES,
    NUM_REGIONS,
    PALETTE,
    REGION_JOINTS,
    Parsing,
    Region,
    one_hot,
    to_regions,
)

__all__ = [
    "AI_NOTICE", "FACINGS", "FLIP", "JOINTS", "LABEL_NAMES", "LIMBS", "NUM_JOINTS", "NUM_REGIONS", "PALETTE",
    "PERSON_FILES", "REGION_JOINTS", "Facing", "Fit", "Parsing", "Person", "Picture", "Pose", "Region", "covered_in",
    "draw_parsing", "draw_pose", "fit_box", "from_json", "from_order", "grid", "in_betweens", "in_one_frame",
    "lacks_legs", "one_hot", "parsing_bytes", "placed", "placed_sequence", "png_bytes", "read_motion", "read_parsing",
    "read_person", "read_picture", "read_pose", "same_shape", "smoothed", "to_json", "to_regions", "write_parsing",
    "write_person", "write_png", "write_pose",
]  # fmt: skip
