"""The steps of the procedure: one module a step, each a function from a context to what it found."""
