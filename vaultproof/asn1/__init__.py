"""Strict ASN.1: a DER reader and writer, strict PEM, one OID table and a view of X.509 certificates.

Everything here works on bytes in memory, never recurses over untrusted nesting, and knows for each value at which byte
it was read, so that a page can show a file beside what was read from it.
"""
