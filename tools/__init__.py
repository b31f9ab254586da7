"""Development tools: getting the engine, and the demo."""
