"""Parts for tests of the real server: engines, a mail sink, the server itself, a client that checks every reply."""
