"""Writes the benchmarks' files, as they circulate, from drawn people: no restricted picture is needed to test readers.

Everything here follows the formats alone and shares no code with the readers.
"""

from layouts.deepfashion import (
    annotation_rows,
    download,
    flat_name,
    listed_name,
    nested_name,
    write_archive,
    write_flat,
    write_lists,
    write_maps,
    write_text_lists,
)
from layouts.market1501 import write_market, write_square_maps
from layouts.people import BACK, IDS, Figure, draw, figures, label_map

__all__ = [
    "BACK", "IDS", "Figure", "annotation_rows", "download", "draw", "figures", "flat_name",
    "label_map", "listed_name", "nested_name",
    "write_archive", "write_flat", "write_lists", "write_maps", "write_market", "write_square_maps", "write_text_lists",
]  # fmt: skip
