"""Tables as Markdown."""

from rsagan.tables import table


def test_cells_are_told_and_bars_in_names_stay_in_their_cell() -> None:
    assert table(["", "pairs"], [["a|b", 3], [None, ""]]) == [
        "| | pairs |",
        "|---|---|",
        r"| a\|b | 3 |",
        "| | |",
    ]
