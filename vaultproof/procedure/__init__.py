"""The published procedure: which steps run, in which order, for which distribution; read from its one document."""
