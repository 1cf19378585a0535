"""Templates compiled to blocks of bytes: most of a mail is made once, and joined for each reader. One door: bodies."""
