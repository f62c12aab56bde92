from benchmarks.__main__ import AGAIN, BY_HAND, FLOOR, Round, ratios, table
from benchmarks.world import Took


def a_round(again: float, by_hand: float) -> Round:
    return {
        FLOOR: Took(2.0, 1.0, ("GET /",) * 2),
        BY_HAND: Took(by_hand, 1.0, ()),
        AGAIN: Took(again, 3.0, ("GET /",) * 3),
    }


ROUNDS = [a_round(4.0, 4.0), a_round(8.0, 4.0), a_round(5.0, 4.0)]


def test_ratios_are_taken_within_a_round() -> None:
    assert ratios(ROUNDS, AGAIN, FLOOR) == "2.50 (2.00-4.00)"
    assert ratios(ROUNDS, AGAIN, FLOOR, cpu=True) == "3.00 (3.00-3.00)"


def test_the_table_has_a_line_for_each_command() -> None:
    lines = list(table(ROUNDS))
    assert [line[:16].strip() for line in lines] == ["", FLOOR, BY_HAND, AGAIN]
    assert lines[1].split()[-2:] == ["2.00", "2"]
    assert "1.25 (1.00-2.00)" in lines[3] and lines[3].split()[3:5] == ["5.00", "3"]
