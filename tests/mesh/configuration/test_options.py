from mesh.configuration.options import ENVIRONMENT, FALSE, KEYS, PREFIXES, ROWS, TRUE


def test_every_option_has_a_name_a_variable_and_keys_of_its_own() -> None:
    for side, rows in ROWS.items():
        assert all(name == row.name and row.side == side for name, row in rows.items())
        assert len(ENVIRONMENT[side]) == len(rows)
        assert len(KEYS[side]) == sum(len(row.keys) for row in rows.values())


def test_keys_begin_with_their_side_or_with_our_own_word() -> None:
    for side, keys in KEYS.items():
        assert all(key.startswith((PREFIXES[side], "meshtether.")) for key in keys)


def test_a_switch_is_on_or_off() -> None:
    assert not TRUE & FALSE
