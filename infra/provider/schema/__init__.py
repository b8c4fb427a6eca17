"""The schema engine: makes a PostgreSQL schema equal to a folder of CREATE statements, and says beforehand how.

Start reading in `engine.py`. Nothing here knows Pulumi; importing this package loads no driver and starts nothing.
"""
