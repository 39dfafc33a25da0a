"""A local log server for rehearsals and tests: the signer's API over a rehearsal's log, with faults on request.

Its signing keys are the rehearsal signer's, which anybody can make: whatever it signs says REHEARSAL by its namespace
and by its key, and its answers do where their shape has room for it.
"""
