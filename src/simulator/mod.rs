//! A fake panel for trying things on.
