"""The provider plugin on the real engine, with programs in YAML."""
