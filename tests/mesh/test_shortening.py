from hypothesis import example, given
from hypothesis import strategies as st

from mesh.shortening import fitting


@given(st.text(), st.integers(min_value=0, max_value=40))
@example("'\"" * 30, 40)
@example("\U00010000" * 5, 40)
def test_the_longest_beginning_that_fits_once_it_is_escaped_is_kept(text: str, most: int) -> None:
    kept = fitting(text, most)
    assert text.startswith(kept)
    assert len(ascii(kept)) - 2 <= most
    longer = text[: len(kept) + 1]
    # Quotes count twice, since what follows decides whether they are escaped.
    assert longer == kept or len(ascii(longer)) - 2 + longer.count("'") > most


def test_plain_text_is_cut_at_the_length_itself() -> None:
    assert fitting("a" * 50, 40) == "a" * 40
    assert fitting("\U0001f600" * 50, 40) == "\U0001f600" * 4
