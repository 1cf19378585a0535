"""From a digest to the bytes of a mail. Pure."""
