"""What a reader trusts: pinned keys with provenance, and reference values; production and rehearsal never mix."""
