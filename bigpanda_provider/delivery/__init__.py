"""Attempts and what becomes of their events: the outbox, their order, and who looks after what."""
