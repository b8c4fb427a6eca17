"""The stand-in for Pulumi's `docker` plugin: networks, volumes, images and containers of a Docker engine."""
