"""BigPanda's API: its events, a client, and a transport with one deadline."""
