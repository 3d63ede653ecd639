"""What is kept of a program's output."""

from __future__ import annotations

from runtime.nt.output import Output


def test_only_the_last_part_is_kept() -> None:
    output = Output(100)
    for number in range(100):
        output.add(b"%03d\n" % number)
    assert 100 <= output.size() < 200
    assert output.read(0, 1000).endswith(b"098\n099\n")
    assert len(output.read(0, 1000)) == output.size()


def test_a_readers_offsets_stay_and_what_was_dropped_is_blank() -> None:
    output = Output(10)
    output.add(b"0123456789")
    output.opened()
    assert output.read(0, 4) == b"0123"
    output.add(b"abcdefghij")
    assert output.size() == 20
    assert output.read(0, 20) == b"\n" * 10 + b"abcdefghij"
    assert output.read(8, 4) == b"\n\nab"
    assert output.read(20, 5) == b""
    output.closed()
    assert output.size() == 10
    assert output.read(0, 20) == b"abcdefghij"
