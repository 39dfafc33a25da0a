"""Attestation by HSM makers: what a device states of itself, who vouches for it, and what that is worth.

An adapter (one module, one line in ``registry.py``) turns a maker's files into normalised claims and an ordered chain;
``chain.py`` walks the chain to a pinned key, ``appraisal.py`` compares claims with reference values, and ``fleet.py``
looks at all members together.  In the words of RFC 9334: Evidence and Endorsements in, an appraisal out.
"""
