import json

from hypothesis import given
from hypothesis import strategies as st

from agent.causes import Cause, Verdict
from agent.deaths import Death


def test_a_report_says_cause_detail_and_times() -> None:
    death = Death(Verdict(Cause.STREAM_RESET, "INTERNAL: reset"), lived=5.01234, quiet=4.9, opened=True)
    assert json.loads(death.report()) == {
        "cause": "stream-reset",
        "detail": "INTERNAL: reset",
        "livedSeconds": 5.012,
        "quietSeconds": 4.9,
    }


@given(st.text(max_size=2000), st.floats(0, 1e9), st.floats(0, 1e9))
def test_a_report_always_fits_a_header(detail: str, lived: float, quiet: float) -> None:
    text = Death(Verdict(Cause.UNKNOWN, detail), lived=lived, quiet=quiet, opened=False).report()
    assert len(text) <= 512
    assert all(" " <= char <= "~" for char in text)
    assert detail.startswith(json.loads(text)["detail"])
