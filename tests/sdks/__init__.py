"""Programs written with real SDKs; `make sdks` installs what they need."""
