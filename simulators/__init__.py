"""Stateful twins of the legacy backends, for demonstrations, tests and front-end teams. They know nothing of the adapter."""
