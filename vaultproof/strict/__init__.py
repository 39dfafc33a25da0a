"""Strict readers: each accepts exactly what its writer writes, and says where and why it refuses anything else."""
