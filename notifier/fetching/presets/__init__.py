"""Fetch from known services: one module for each, whose function `documents` yields its documents."""
