from __future__ import annotations

from ingest.usage.memory import Memory


def test_it_knows_the_last_so_many() -> None:
    memory = Memory(3)
    memory.add("ab")
    memory.add("acd")

    assert [key in memory for key in "abcd"] == [False, True, True, True]
    assert len(memory) == 3
