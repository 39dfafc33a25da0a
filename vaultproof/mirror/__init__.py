"""A mirror of the signer's log: every answer it gave, verbatim, with time and origin, in one file.

A shell: it owns a database, a network client and a clock.  What the answers mean is ``vaultproof.signer_log``'s.
"""

DEFAULT_STORE = "signer-log.sqlite"
"""The file of a mirror where none is named: in the current folder."""
