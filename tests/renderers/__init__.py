"""One story of outages, and a module a format that tells it in that format's payloads."""
