"""The command line and the synchronous front of the library: the shell that opens files and reads the clock.

One module a command.  Whatever takes long to import is imported inside the command that needs it.
"""
