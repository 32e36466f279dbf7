"""HTTP/2 for a server (RFC 9113), without I/O: bytes and `now` go in; bytes, events and the next timer come out."""
