"""Agents to begin from, and a swarm of them."""
