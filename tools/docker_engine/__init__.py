"""A real Docker engine for tests and CI, where none runs, and base images for it, where no registry can be reached.

`python -m tools.docker_engine up` installs and starts Debian's own engine and makes the images of `images/`; `down`
stops what `up` started. Nothing here is used by the stack itself.
"""
