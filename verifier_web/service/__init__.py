"""The service: the same procedure behind Flask, for browsers that cannot run it, for files at hand, and for machines.

One process answers HTTP (``server``, ``application``); it looks into no upload.  Worker processes (``worker``), forked
from one that has everything loaded (``zygote``), read uploads and run the procedure, within limits of time and memory;
``pool`` hands them out in a fair order.  Nothing is stored anywhere.
"""
