"""Users by password: the file's grammar, constant time, and changes while we run (spec hub-protocol §2.2)."""

import asyncio
import threading
from pathlib import Path

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from principal.auth import userpass
from principal.auth import users as users_module
from principal.auth.errors import FileError
from principal.auth.userpass import UserpassMethod
from principal.auth.users import MAX_SECRET_BYTES, Users
from principal.rpc import Code, RpcError
from tests.principal.virtual import call


def hashed(secret: str, cost: int = 4, version: str = "2b") -> str:
    # One salt for all: hashes name tests, and names must be the same in every process that runs some of them.
    salt = b"$2b$%02d$abcdefghijklmnopqrstuu" % cost
    made = bcrypt.hashpw(secret.encode(), salt).decode()
    return made.replace("$2b$", f"${version}$", 1)


GOOD = hashed("secret")
USERS = Users.read(f"agent-a:{GOOD}\nagent-b:{hashed('other')}".encode(), "users")


@pytest.mark.parametrize(
    ("name", "secret", "right"),
    [
        ("agent-a", "secret", True),
        ("agent-b", "other", True),
        ("agent-a", "other", False),
        ("agent-a", "", False),
        ("agent-a", GOOD, False),
        ("agent-c", "secret", False),
        ("", "", False),
        ("Agent-a", "secret", False),
        ("agent-a ", "secret", False),
        ("agent-a\0", "secret", False),
    ],
)
def test_a_name_goes_with_its_own_password_only(name: str, secret: str, right: bool) -> None:
    assert USERS.check(name, secret) is right


@pytest.mark.parametrize("version", ["2a", "2b", "2x", "2y"])
def test_every_version_that_argocd_agent_knows_is_compared(version: str) -> None:
    assert Users.read(f"agent-a:{hashed('secret', version=version)}".encode(), "users").check("agent-a", "secret")


def test_a_password_counts_as_far_as_bcrypt_looks() -> None:
    long = "x" * MAX_SECRET_BYTES
    users = Users.read(f"agent-a:{hashed(long)}".encode(), "users")
    assert users.check("agent-a", long + "whatever")
    assert not users.check("agent-a", long[:-1])


def test_comments_and_blank_lines_are_nothing() -> None:
    text = f"# users\n// more\n\n   \n  agent-a:{GOOD}  \r\n"
    users = Users.read(text.encode(), "users")
    assert set(users.hashes) == {"agent-a"}
    assert users.faults == ()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("agent-a", "not an agent's name"),
        ("agent-a:", "no bcrypt hash"),
        ("agent-a:secret", "no bcrypt hash"),
        (f":{GOOD}", "not an agent's name"),
        (f"Agent_A:{GOOD}", "not an agent's name"),
        (f"a.b:{GOOD}", "not an agent's name"),
        (f"{'a' * 64}:{GOOD}", "not an agent's name"),
        (f"agent-a:$1${GOOD[4:]}", "no bcrypt hash"),
        (f"agent-a:$2$10${GOOD[7:]}", "no bcrypt hash"),
        (f"agent-a:$2c$10${GOOD[7:]}", "no bcrypt hash"),
        (f"agent-a:$2b$1x${GOOD[7:]}", "no cost"),
        ("agent-a:$2b$\N{ARABIC-INDIC DIGIT ONE}0$" + GOOD[7:], "no cost"),
        (f"agent-a:$2b$10_{GOOD[7:]}", "no cost"),
        (f"agent-a:{GOOD[:-1]}", "not 60 characters"),
        (f"agent-a:{GOOD}x", "not 60 characters"),
        (f"agent-a:{GOOD[:-1]}!", "not 60 characters"),
        (f"agent-a:{GOOD} # laptop", "not 60 characters"),
        (f"agent-a:$2b$31${GOOD[7:]}", "cost 31; accepted: 4 to 15"),
        (f"agent-a:$2b$03${GOOD[7:]}", "cost 03"),
    ],
)
def test_a_line_that_is_no_user_is_named_and_left_out(line: str, told: str) -> None:
    users = Users.read(f"agent-z:{GOOD}\n{line}\n".encode(), "/etc/users")
    assert set(users.hashes) == {"agent-z"}
    [fault] = users.faults
    assert fault.startswith("/etc/users:2: ")
    assert told in fault


@pytest.mark.parametrize("line", ["agent-a:hunter2", "hunter2", "agent-a:$2b$10$hunter2"])
def test_what_may_be_a_password_is_never_repeated(line: str) -> None:
    [fault] = Users.read(line.encode(), "users").faults
    assert "hunter2" not in fault
    assert "hunter2" not in repr(Users.read(line.encode(), "users"))


def test_of_a_name_that_stands_twice_the_later_line_counts_and_the_file_is_at_fault() -> None:
    users = Users.read(f"agent-a:{GOOD}\nagent-a:{hashed('new')}".encode(), "users")
    assert users.check("agent-a", "new")
    assert not users.check("agent-a", "secret")
    assert "users:2: agent-a stands here again" in users.faults[0]


@given(st.binary())
def test_no_bytes_crash_the_reader(data: bytes) -> None:
    found = Users.read(data, "users")
    assert len(found.hashes) + len(found.faults) <= len(data.split(b"\n"))


class Compared:
    """Watches bcrypt."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.costs: list[bytes] = []
        real = bcrypt.checkpw

        def checkpw(secret: bytes, stored: bytes) -> bool:
            self.costs.append(stored[:7])
            return real(secret, stored)

        monkeypatch.setattr(users_module.bcrypt, "checkpw", checkpw)


@pytest.mark.parametrize("name", ["agent-a", "agent-x", "", "x" * 10_000, "agent-a\n"])
def test_every_name_costs_exactly_one_comparison_of_the_same_cost(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = Compared(monkeypatch)
    assert not USERS.check(name, "wrong")
    assert compared.costs == [b"$2b$04$"]


def test_among_users_of_several_costs_unknown_names_are_spread_over_all_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    users = Users.read(f"agent-a:{hashed('a', 4)}\nagent-b:{hashed('b', 5)}".encode(), "users")
    compared = Compared(monkeypatch)
    names = [f"agent-{number}" for number in range(24)]
    for name in names:
        users.check(name, "x")
    assert set(compared.costs) == {b"$2b$04$", b"$2b$05$"}
    first = compared.costs[:]
    compared.costs.clear()
    for name in names:
        users.check(name, "x")
    assert compared.costs == first, "a name that is asked for twice must not show two costs"


def test_without_any_user_a_comparison_takes_the_usual_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = Compared(monkeypatch)
    assert not Users.read(b"", "users").check("agent-a", "secret")
    assert compared.costs == [b"$2b$10$"]


def credentials(name: str, secret: str) -> dict[str, str]:
    return {"clientid": name, "clientsecret": secret}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "users"
    path.write_text(f"agent-a:{GOOD}\n")
    return path


async def test_who_knows_the_password_is_believed_and_has_no_identity_of_a_mesh(path: Path) -> None:
    verdict = await UserpassMethod(path).authenticate(credentials("agent-a", "secret"), call(None))
    assert (verdict.agent, verdict.identity) == ("agent-a", None)


@pytest.mark.parametrize(
    ("given_", "rule"),
    [
        (credentials("agent-a", "wrong"), "userpass-wrong-secret"),
        (credentials("agent-b", "secret"), "userpass-unknown-user"),
        ({}, "userpass-unknown-user"),
        ({"clientid": "agent-a"}, "userpass-wrong-secret"),
    ],
)
async def test_who_does_not_is_refused_and_the_log_can_say_why(path: Path, given_: dict[str, str], rule: str) -> None:
    verdict = await UserpassMethod(path).authenticate(given_, call(None))
    assert (verdict.agent, verdict.refused) == (None, rule)
    assert "secret" not in str(verdict.steps).replace("wrong-secret", "")


async def test_a_change_of_the_file_counts_at_the_next_login(path: Path) -> None:
    method = UserpassMethod(path)
    path.write_text(f"agent-b:{hashed('new')}\n")
    assert (await method.authenticate(credentials("agent-b", "new"), call(None))).agent == "agent-b"
    assert (await method.authenticate(credentials("agent-a", "secret"), call(None))).agent is None


async def test_a_user_that_was_removed_is_not_present_any_more(path: Path) -> None:
    method = UserpassMethod(path)
    assert method.present("agent-a", call(None)).agent == "agent-a"
    path.write_text("")
    method.file.refresh()
    assert method.present("agent-a", call(None)).refused == "userpass-unknown-user"


async def test_the_last_good_users_stay_when_the_file_goes(path: Path) -> None:
    method = UserpassMethod(path)
    path.unlink()
    assert (await method.authenticate(credentials("agent-a", "secret"), call(None))).agent == "agent-a"


def test_a_file_that_cannot_be_read_at_start_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="absent: No such file or directory: a file with the users is needed"):
        UserpassMethod(tmp_path / "absent")


def test_bad_lines_are_logged_at_start(path: Path) -> None:
    path.write_text("agent-a:hunter2\n")
    with capture_logs() as logs:
        UserpassMethod(path)
    assert [entry["event"] for entry in logs] == [
        "bad line in the file of users",
        "the file of users names nobody: every login will fail",
    ]
    assert f"{path}:1: " in logs[0]["reason"]


async def test_the_event_loop_runs_on_while_a_password_is_compared(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    method, release, threads = UserpassMethod(path), threading.Event(), []

    def slow(_secret: bytes, _stored: bytes) -> bool:
        threads.append(threading.current_thread())
        return release.wait(10)

    monkeypatch.setattr(users_module.bcrypt, "checkpw", slow)
    login = asyncio.create_task(method.authenticate(credentials("agent-a", "secret"), call(None)))
    async with asyncio.timeout(10):
        while not threads:
            await asyncio.sleep(0)
    assert not login.done()
    release.set()
    assert (await login).agent == "agent-a"
    assert threads[0] is not threading.main_thread()


async def test_when_too_many_wait_the_next_is_asked_to_come_back_later(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(userpass, "MAX_WAITING", 3)
    method, release = UserpassMethod(path), threading.Event()
    monkeypatch.setattr(users_module.bcrypt, "checkpw", lambda _secret, _stored: release.wait(10))
    waiting = [asyncio.create_task(method.authenticate(credentials("agent-a", "secret"), call(None))) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(RpcError) as raised:
        await method.authenticate(credentials("agent-a", "secret"), call(None))
    assert raised.value.status.code is Code.UNAVAILABLE
    assert dict(raised.value.status.trailers) == {"grpc-retry-pushback-ms": "5000"}
    release.set()
    assert [(await each).agent for each in waiting] == ["agent-a"] * 3
    assert (await method.authenticate(credentials("agent-a", "secret"), call(None))).agent == "agent-a"


async def test_a_login_that_is_given_up_frees_its_place(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(userpass, "MAX_WAITING", 1)
    method, release = UserpassMethod(path), threading.Event()
    monkeypatch.setattr(users_module.bcrypt, "checkpw", lambda _secret, _stored: release.wait(10))
    given_up = asyncio.create_task(method.authenticate(credentials("agent-a", "secret"), call(None)))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    release.set()
    assert (await method.authenticate(credentials("agent-a", "secret"), call(None))).agent == "agent-a"
    method.close()
