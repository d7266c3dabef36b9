"""Machines, containers and functions that serve or work, and the queues between them."""
