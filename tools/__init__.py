"""Development tools: getting the engine, the demo, and the pictures of the Changes page."""
