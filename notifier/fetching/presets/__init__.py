"""The presets: one module for each service, with a function `documents` that asks it."""
