"""Argo CD's contract with a config management plugin: what it is told, what it announces, how it is installed.

Pure look-ups: the environment is an argument, and nothing is read, run or written here.
https://argo-cd.readthedocs.io/en/stable/operator-manual/config-management-plugins/
"""
