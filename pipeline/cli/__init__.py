"""The `altiplano` command: a thin shell over the library, a module for each command or group."""
