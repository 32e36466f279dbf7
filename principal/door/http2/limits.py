"""How much of everything one peer may ask for, and why.

A sidecar pools: the streams of many agents may share a connection, so what one stream does costs that stream. What ends
the connection is beyond anything that a proxy does for all its agents together.
"""

from typing import Final

from principal.buckets import Rate

PREFACE_SECONDS: Final = 5.0
"""Seconds until the preface must be there. A sidecar sends it with its first packet; sockets that say nothing would
otherwise cost a file descriptor each (spec reliability H7: freed within 10 s)."""

HEADER_LIST_BYTES: Final = 64 * 1024
"""Bytes of a request's header list as RFC 9113 §6.5.2 counts them (32 beside each field), and what SETTINGS says. One
certificate and chain through two hops need about 8 kB; Envoy itself stops at 60 kB. More is answered for the stream."""

HEADER_LIST_HARD_BYTES: Final = 2 * HEADER_LIST_BYTES
"""The same, beyond which the block is not even decoded to its end, so that nothing on the connection can be read any
more. Decoding is what a HPACK bomb costs; a proxy has refused such a list long before."""

HEADER_BLOCK_BYTES: Final = 2 * HEADER_LIST_BYTES
"""Bytes of a header block as it is sent. It must be kept until its last frame is there."""

HEADER_FIELDS: Final = 512
"""Fields of one request. Each costs about a microsecond and some hundred bytes here, whatever it says."""

CONTINUATIONS: Final = 32
"""CONTINUATION frames of one header block: those of the usual size would hold four times HEADER_BLOCK_BYTES; a flood of
small ones (CVE-2024-27316 and its kin) ends here."""

CONCURRENT_STREAMS: Final = 10_000
"""Streams open at once on one connection: a sidecar may pool all agents of its mesh on one."""

EMPTY_FRAMES: Final = 100
"""DATA frames in a row without data and without an end, on one stream. Nobody needs any."""

SIZE_UPDATES: Final = 2
"""Changes of the HPACK table's size at a header block's beginning: the smallest size since the last block, and the one
that counts (RFC 7541 §4.2). Each costs three microseconds and one byte."""

CONTROL_BYTES: Final = 256 * 1024
"""Bytes of answers (acks of PING and SETTINGS, RST_STREAM …) that wait because the peer reads nothing: an answer costs
its asker nothing to ask for. Ten thousand streams that are reset at once are 130 kB."""

ANSWER_BYTES: Final = 4 * 1024 * 1024
"""The same for headers and trailers: whoever opens streams and reads nothing is answered so often. Ten thousand streams
that end at once, as when a hub is stopped, are 2 MB, whether the peer has had a moment to read or not."""

STALL_SECONDS: Final = 60.0
"""Seconds that a stream's data may wait without one byte getting on its way, windows or connection shut. An honest
agent's heartbeat deadline has passed long before; what waits is memory."""

REQUEST_SECONDS: Final = 10.0
"""Seconds for a unary call's request to be complete. It is a packet or two; nobody has been asked yet who sends it."""

HALF_OPEN: Final = 1000
"""Unary calls on one connection whose requests are not complete. Each more ends the oldest: a proxy that passes on the
logins of ten thousand agents sends each of them almost in one piece."""

IDLE_SECONDS: Final = 600.0
"""Seconds after which a connection without a stream is drained: a peer that wants something opens another at once, and
one that wants nothing would keep a place among MAX_CONNECTIONS. Agents have a stream for as long as they live."""

CLOSED_REMEMBERED: Final = CONCURRENT_STREAMS
"""Streams that we have reset whose late frames are passed over (RFC 9113 §5.1)."""

YOUNG_SECONDS: Final = 1.0
"""Seconds of age below which a stream that the peer resets counts as a rapid reset (CVE-2023-44487)."""


TURN_BYTES: Final = 256 * 1024
"""Bytes of data that are given to the transport at once. What is more waits on its stream, where it is counted: the
hub asks before it sends on, and within one turn of its loop nothing else would tell it to stop."""


RESETS: Final = Rate(1000, 100)
"""Rapid resets on one connection. A thousand agents may give up in the same second when their network goes."""

REFUSALS: Final = Rate(10_000, 1000)
"""Streams that are refused as soon as they come. Refusing costs a decoded header block; beyond this the refusing itself
would keep the other agents waiting."""

PINGS: Final = Rate(1000, 100)
"""PINGs on one connection, whatever the ping policy. Bandwidth probes of gRPC come with data, some ten a second."""

SETTINGS_FRAMES: Final = Rate(100, 10)
"""SETTINGS frames. A peer sends one; conformance tests send some ten."""

CHATTER: Final = Rate(50_000, 5000)
"""Frames that carry nothing: PRIORITY, unknown types, window updates beyond those that our own data explain, and frames
on streams that are over. A reset stream of one-byte frames may have as many on their way."""

UPDATES_EXPLAINED: Final = 2
"""Window updates for each DATA frame that we send: one for the stream, one for the connection."""

UPDATES_REMEMBERED: Final = 100_000
"""Window updates that may be outstanding so. A long life must not allow a flood at its end."""
