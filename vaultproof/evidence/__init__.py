"""Typed records of the evidence on disk: frozen values, made only by strict readers (format: evidence/README.md)."""
