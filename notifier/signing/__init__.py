"""What only the holder of the secret key can make: links in mails, and return paths."""
